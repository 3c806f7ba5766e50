"""The families of models: how torchtitan builds, shards and converts them, and what transformers calls them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
from torchtitan.models import llama3, qwen3
from torchtitan.models.common import ComplexRoPE, CosSinRoPE, Embedding, Linear, RMSNorm
from torchtitan.models.common.decoder import Decoder
from torchtitan.models.common.rope import RoPE
from torchtitan.protocols.model_spec import ModelSpec
from torchtitan.protocols.state_dict_adapter import StateDictAdapter

from training.models.shape import FamilyName, ModelShape
from training.titan.attention import use_dense_attention

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@dataclass(frozen=True)
class Family:
    """What differs between families.

    Args:
        registry: torchtitan's specs by flavour.
        build: torchtitan's configuration of a shape, a vocabulary's size and the longest sequence.
        hugging_face_type: transformers' ``model_type``.
    """

    registry: Callable[[str], ModelSpec]
    build: Callable[[ModelShape, int, int], Decoder.Config]
    hugging_face_type: str


def llama_config(shape: ModelShape, vocab_size: int, sequence_length: int) -> llama3.Llama3Model.Config:
    """torchtitan's Llama 3 of a shape."""
    return llama3.Llama3Model.Config(
        dim=shape.dim,
        vocab_size=vocab_size,
        enable_weight_tying=shape.tied_embeddings,
        tok_embeddings=Embedding.Config(
            num_embeddings=vocab_size,
            embedding_dim=shape.dim,
            param_init=llama3._EMBEDDING_SKIP_INIT if shape.tied_embeddings else llama3._EMBEDDING_INIT,
        ),
        norm=RMSNorm.Config(normalized_shape=shape.dim, param_init=llama3._NORM_INIT),
        lm_head=Linear.Config(
            in_features=shape.dim, out_features=vocab_size, param_init=llama3._output_linear_init(shape.dim)
        ),
        layers=llama3._build_llama3_layers(
            n_layers=shape.num_layers,
            dim=shape.dim,
            n_heads=shape.num_heads,
            n_kv_heads=shape.num_kv_heads,
            hidden_dim=shape.hidden_dim,
            rope=rope(ComplexRoPE.Config, shape, sequence_length),
            attn_backend="flex",
        ),
    )


def qwen_config(shape: ModelShape, vocab_size: int, sequence_length: int) -> qwen3.Qwen3Model.Config:
    """torchtitan's Qwen 3 of a shape."""
    return qwen3.Qwen3Model.Config(
        dim=shape.dim,
        vocab_size=vocab_size,
        enable_weight_tying=shape.tied_embeddings,
        tok_embeddings=Embedding.Config(
            num_embeddings=vocab_size,
            embedding_dim=shape.dim,
            param_init=qwen3._EMBEDDING_SKIP_INIT if shape.tied_embeddings else qwen3._EMBEDDING_INIT,
        ),
        norm=qwen3._qwen3_norm(shape.dim),
        lm_head=Linear.Config(in_features=shape.dim, out_features=vocab_size, param_init=qwen3._LINEAR_INIT),
        layers=qwen3._build_qwen3_layers(
            n_layers=shape.num_layers,
            dim=shape.dim,
            n_heads=shape.num_heads,
            n_kv_heads=shape.num_kv_heads,
            head_dim=shape.head_dim,
            hidden_dim=shape.hidden_dim,
            rope=rope(CosSinRoPE.Config, shape, sequence_length),
            attn_backend="flex",
        ),
    )


def rope(kind: type[RoPE.Config], shape: ModelShape, sequence_length: int) -> RoPE.Config:
    """The rotary embeddings of a shape."""
    frequencies = kind(dim=shape.head_dim, max_seq_len=sequence_length, theta=shape.rope_theta)
    if shape.rope_scaling_factor is not None:
        frequencies.scaling = "llama"
        frequencies.scaling_factor = shape.rope_scaling_factor
    return frequencies


FAMILIES: dict[FamilyName, Family] = {
    "llama3": Family(llama3.model_registry, llama_config, "llama"),
    "qwen3": Family(qwen3.model_registry, qwen_config, "qwen3"),
}


def model_config(shape: ModelShape, vocab_size: int, sequence_length: int, *, dense: bool) -> Decoder.Config:
    """torchtitan's configuration of a model, buildable on the meta device.

    Args:
        sequence_length: the longest sequence of the run.
        dense: use ``DenseAttention`` instead of FlexAttention.
    """
    config = FAMILIES[shape.family].build(shape, vocab_size, sequence_length)
    if dense:
        use_dense_attention(config)
    return config


def torchtitan_spec(shape: ModelShape) -> ModelSpec:
    """torchtitan's spec of a shape's family, whose ``model`` is a flavour of torchtitan's own."""
    return FAMILIES[shape.family].registry("debugmodel")


def state_dict_adapter(shape: ModelShape, config: Decoder.Config) -> StateDictAdapter:
    """What renames and rearranges a model's weights to Hugging Face's layout and back.

    ``to_hf`` leaves out the output embedding of a model whose embeddings are tied.
    """
    adapter = torchtitan_spec(shape).state_dict_adapter
    assert adapter is not None
    return adapter(config, None)


def hugging_face_config(
    shape: ModelShape, config: Decoder.Config, sequence_length: int, end_of_text: int
) -> "PretrainedConfig":
    """transformers' configuration of a model; ``AutoModelForCausalLM.from_config`` builds it.

    Args:
        config: torchtitan's configuration of the same model.
        sequence_length: the longest sequence of the run.
        end_of_text: the token that ends a document.
    """
    from transformers import AutoConfig

    return AutoConfig.for_model(
        FAMILIES[shape.family].hugging_face_type,
        vocab_size=config.vocab_size,
        hidden_size=shape.dim,
        intermediate_size=shape.hidden_dim,
        num_hidden_layers=shape.num_layers,
        num_attention_heads=shape.num_heads,
        num_key_value_heads=shape.num_kv_heads,
        head_dim=shape.head_dim,
        max_position_embeddings=sequence_length,
        rms_norm_eps=config.norm.eps,
        rope_parameters=hugging_face_rope(shape, config),
        tie_word_embeddings=shape.tied_embeddings,
        bos_token_id=None,
        eos_token_id=end_of_text,
    )


def hugging_face_rope(shape: ModelShape, config: Decoder.Config) -> dict[str, float | str]:
    """transformers' ``rope_parameters`` of a model."""
    frequencies = config.layers[0].attention.rope
    if shape.rope_scaling_factor is None:
        return {"rope_type": "default", "rope_theta": shape.rope_theta}
    return {
        "rope_type": "llama3",
        "rope_theta": shape.rope_theta,
        "factor": shape.rope_scaling_factor,
        "low_freq_factor": frequencies.low_freq_factor,
        "high_freq_factor": frequencies.high_freq_factor,
        "original_max_position_embeddings": frequencies.original_max_position_embeddings,
    }
