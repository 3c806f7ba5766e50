"""Write a checkpoint as a Hugging Face model, in one process and without a process group."""

import warnings
from pathlib import Path

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed.checkpoint as dcp
from tokenizers import Tokenizer
from torchtitan.components.checkpoint import ModelWrapper
from torchtitan.models.llama3 import Llama3Model
from torchtitan.models.llama3.state_dict_adapter import Llama3StateDictAdapter
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from training.manifest import Manifest
from training.models.presets import model_preset
from training.titan.model import llama_config, whole_model

NUM_COMPARED_SEQUENCES = 2


def write_model(manifest: Manifest, checkpoint: Path, tokenizer_file: Path, folder: Path) -> float:
    """Write the model and its tokenizer into a folder that transformers loads.

    Args:
        checkpoint: a step folder.
        tokenizer_file: of the ``tokenizers`` library.

    Returns:
        the largest absolute difference between torchtitan's logits and those of the model as transformers loads it,
        over random tokens, in float32.
    """
    disable_progress_bar()
    shape = model_preset(manifest.model).shape
    config = llama_config(shape, manifest.tokenizer.vocab_size, manifest.window_length, dense=True)
    model, weights = load_checkpoint(config, checkpoint)
    write_llama(manifest, config, weights, folder)
    write_tokenizer(manifest, tokenizer_file, folder)
    return largest_logit_difference(manifest, model, folder)


@torch.no_grad()
def load_checkpoint(config: Llama3Model.Config, checkpoint: Path) -> tuple[Llama3Model, dict[str, torch.Tensor]]:
    """The model of a checkpoint on CPU, and its weights under their Hugging Face names."""
    model = whole_model(config)
    model.init_states()  # fills in what is computed and not stored: the rotary embeddings
    wrapper = ModelWrapper(model)
    state = wrapper.state_dict()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")  # which is meant
        dcp.load(state, checkpoint_id=str(checkpoint), no_dist=True)
    wrapper.load_state_dict(state)
    return model.eval(), Llama3StateDictAdapter(config, None).to_hf(state)


def write_llama(manifest: Manifest, config: Llama3Model.Config, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Write configuration and weights."""
    shape = model_preset(manifest.model).shape
    llama = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=manifest.tokenizer.vocab_size,
            hidden_size=shape.dim,
            intermediate_size=shape.hidden_dim,
            num_hidden_layers=shape.num_layers,
            num_attention_heads=shape.num_heads,
            num_key_value_heads=shape.num_kv_heads,
            max_position_embeddings=manifest.window_length,
            rms_norm_eps=config.norm.eps,
            rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=manifest.tokenizer.end_of_text,
        )
    )
    llama.load_state_dict(weights)
    llama.save_pretrained(folder)


def write_tokenizer(manifest: Manifest, tokenizer_file: Path, folder: Path) -> None:
    """Write the tokenizer as transformers expects it."""
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=tokenizer.id_to_token(manifest.tokenizer.end_of_text),
        model_max_length=manifest.window_length,
        clean_up_tokenization_spaces=False,
    )
    wrapped.save_pretrained(folder)


@torch.no_grad()
def largest_logit_difference(manifest: Manifest, model: Llama3Model, folder: Path) -> float:
    """Compare a model with what transformers loads from a folder, over random tokens."""
    loaded = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    generator = torch.Generator().manual_seed(manifest.seed)
    shape = (NUM_COMPARED_SEQUENCES, manifest.window_length)
    tokens = torch.randint(manifest.tokenizer.vocab_size, shape, generator=generator)
    return float((model(tokens) - loaded(tokens).logits).abs().max())
