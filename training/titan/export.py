"""Write weights as a Hugging Face model, with no more than a part of them in memory twice."""

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torchtitan.models.common.decoder import Decoder
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedTokenizerFast
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from transformers.utils.logging import disable_progress_bar

from training.manifest import Manifest
from training.models.presets import model_preset
from training.titan.families import hugging_face_config, model_config, state_dict_adapter
from training.titan.model import whole_model
from training.titan.weights import ReadWeight

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
MOST_BYTES_PER_FILE = 2 * 10**9  # of which there are two copies in memory while they are written
NUM_COMPARED_SEQUENCES = 2
MOST_COMPARED_TOKENS = 512  # of each sequence


def write_model(manifest: Manifest, read_weight: ReadWeight, tokenizer_file: Path, folder: Path) -> float:
    """Write a model in float32 and its tokenizer into a folder that transformers loads.

    Args:
        manifest: of the run that the weights are from.
        tokenizer_file: of the ``tokenizers`` library.

    Returns:
        the largest absolute difference between torchtitan's logits and those of the model as transformers loads it,
        over random tokens, in float32.
    """
    disable_progress_bar()
    config = dense_config(manifest)
    write_configuration(manifest, config, folder)
    write_weights(manifest, config, read_weight, folder)
    write_tokenizer(manifest, tokenizer_file, folder)
    return largest_logit_difference(manifest, config, read_weight, folder)


def dense_config(manifest: Manifest) -> Decoder.Config:
    """torchtitan's configuration of a manifest's model, for any device."""
    shape = model_preset(manifest.model).shape
    return model_config(shape, manifest.tokenizer.vocab_size, manifest.window_length, dense=True)


def write_configuration(manifest: Manifest, config: Decoder.Config, folder: Path) -> None:
    """Write what the model is, and how text is generated with it."""
    shape = model_preset(manifest.model).shape
    end_of_text = manifest.tokenizer.end_of_text
    written = hugging_face_config(shape, config, manifest.window_length, end_of_text)
    written.architectures = [MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[written.model_type]]
    written.dtype = "float32"
    written.save_pretrained(folder)
    GenerationConfig(eos_token_id=end_of_text, pad_token_id=end_of_text).save_pretrained(folder)


def write_weights(manifest: Manifest, config: Decoder.Config, read_weight: ReadWeight, folder: Path) -> None:
    """Write the weights under their Hugging Face names, in several files with an index where they need more than one.

    One file's weights are held in memory at a time.
    """
    adapter = state_dict_adapter(model_preset(manifest.model).shape, config)
    empty = empty_weights(config)
    renamed = {other: (name, tensor) for name in empty for other, tensor in adapter.to_hf({name: empty[name]}).items()}
    split = split_torch_state_dict_into_shards(
        {other: tensor for other, (_, tensor) in renamed.items()}, max_shard_size=MOST_BYTES_PER_FILE
    )
    for file, names in split.filename_to_tensors.items():
        tensors: dict[str, torch.Tensor] = {}
        for name in (renamed[other][0] for other in names):
            tensors |= adapter.to_hf({name: read_weight(name, empty[name])})
        save_file(tensors, folder / file, metadata={"format": "pt"})
        shutil.copymode(folder / CONFIG, folder / file)  # safetensors lets nobody else read what it writes
    if split.is_sharded:
        index = {"metadata": split.metadata, "weight_map": split.tensor_to_filename}
        (folder / INDEX).write_text(json.dumps(index, indent=1))


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
def largest_logit_difference(
    manifest: Manifest, config: Decoder.Config, read_weight: ReadWeight, folder: Path
) -> float:
    """Compare torchtitan's model with what transformers loads from a folder, over random tokens.

    Only one of them is in memory at a time.
    """
    generator = torch.Generator().manual_seed(manifest.seed)
    shape = (NUM_COMPARED_SEQUENCES, min(manifest.window_length, MOST_COMPARED_TOKENS))
    tokens = torch.randint(manifest.tokenizer.vocab_size, shape, generator=generator)
    expected = load_model(config, read_weight)(tokens)
    exported = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    return float((expected - exported(tokens).logits).abs().max())


@torch.no_grad()
def load_model(config: Decoder.Config, read_weight: ReadWeight) -> Decoder:
    """torchtitan's model on CPU, loaded a layer at a time."""
    model = whole_model(config)
    for module in model.modules():
        module._init_self_buffers()  # what is computed and not stored: the rotary embeddings
    empty = empty_weights(config)
    for names in layers(empty):
        model.load_state_dict({name: read_weight(name, empty[name]) for name in names}, strict=False)
    return model.eval()


def empty_weights(config: Decoder.Config) -> dict[str, torch.Tensor]:
    """The weights as checkpoints name them, without content, in the model's order."""
    with torch.device("meta"):
        return dict(config.build().state_dict())


def layers(names: dict[str, torch.Tensor]) -> Iterator[list[str]]:
    """The weights of each layer, and those of none one by one: some of a layer are stored apart and load together."""
    for _, group in itertools.groupby(names, lambda name: re.sub(r"^(layers\.\d+)\..*", r"\1", name)):
        yield list(group)
