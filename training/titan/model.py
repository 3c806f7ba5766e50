"""Model presets as torchtitan's Llama 3, with document masking on any device."""

from dataclasses import dataclass
from typing import Any

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch
from torch import nn
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn import functional as F  # noqa: N812
from torchtitan.distributed.pipeline_parallel import pipeline_llm
from torchtitan.models import llama3
from torchtitan.models.common import ComplexRoPE, Embedding, Linear, RMSNorm
from torchtitan.models.common.attention import FlexAttention
from torchtitan.models.llama3.state_dict_adapter import Llama3StateDictAdapter
from torchtitan.protocols.model_spec import ModelSpec
from torchtitan.protocols.module import Module

from training.manifest import Manifest
from training.models.presets import model_preset
from training.models.shape import LlamaShape


class DenseAttention(Module):
    """Scaled dot-product attention under a dense mask: FlexAttention has no backward pass on CPU."""

    @dataclass(kw_only=True, slots=True)
    class Config(Module.Config):
        pass

    def __init__(self, config: Config) -> None:  # noqa: ARG002
        super().__init__()

    def forward(
        self,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        *,
        attention_masks: torch.Tensor | None = None,
        scale: float | None = None,
        enable_gqa: bool = False,
        **_: Any,
    ) -> torch.Tensor:
        """Attend causally, or under a mask.

        Args:
            queries, keys, values: shape (batch, length, heads, head dim).
            attention_masks: True where a query may see a key, shape (batch, 1, length, length), bool.
        """
        queries, keys, values = (tensor.transpose(1, 2) for tensor in (queries, keys, values))
        attended = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=attention_masks,
            is_causal=attention_masks is None,
            scale=scale,
            enable_gqa=enable_gqa,
        )
        return attended.transpose(1, 2)


def document_mask(positions: torch.Tensor) -> torch.Tensor:
    """Each token sees itself and what precedes it in its document.

    Args:
        positions: counted from 0 in each document, shape (batch, length).

    Returns:
        the mask, shape (batch, 1, length, length), bool.
    """
    documents = torch.cumsum(positions == 0, dim=1)
    same_document = documents[:, :, None] == documents[:, None, :]
    return same_document.tril()[:, None]


def llama_config(shape: LlamaShape, vocab_size: int, sequence_length: int, *, dense: bool) -> llama3.Llama3Model.Config:
    """torchtitan's configuration of a Llama.

    Args:
        dense: use ``DenseAttention`` instead of FlexAttention.
    """
    config = llama3.Llama3Model.Config(
        dim=shape.dim,
        vocab_size=vocab_size,
        tok_embeddings=Embedding.Config(
            num_embeddings=vocab_size, embedding_dim=shape.dim, param_init=llama3._EMBEDDING_INIT
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
            rope=ComplexRoPE.Config(
                dim=shape.dim // shape.num_heads,
                max_seq_len=sequence_length,
                theta=shape.rope_theta,
                scaling="none",
            ),
            attn_backend="flex",
        ),
    )
    if dense:
        for _, _, parent, attribute in list(config.traverse(FlexAttention.Config)):
            setattr(parent, attribute, DenseAttention.Config())
    return config


def model_spec(manifest: Manifest) -> ModelSpec:
    """What torchtitan trains for a manifest."""
    return ModelSpec(
        name="llama3",
        flavor=manifest.model,
        model=llama_config(
            model_preset(manifest.model).shape, manifest.tokenizer.vocab_size, manifest.window_length, dense=ON_CPU
        ),
        parallelize_fn=parallelize,
        pipelining_fn=pipeline_llm,
        post_optimizer_build_fn=None,
        state_dict_adapter=Llama3StateDictAdapter,
    )


def parallelize(model: nn.Module, **settings: Any) -> nn.Module:
    """Shard a model as torchtitan does; gloo sums gradients plainly, since it lacks the scaled sum of nccl."""
    model = llama3.parallelize_llama(model, **settings)
    if ON_CPU:
        for module in model.modules():
            if isinstance(module, FSDPModule):
                module.set_force_sum_reduction_for_comms(True)
    return model


@torch.no_grad()
def initialise_as_one_process(model: nn.Module, config: llama3.Llama3Model.Config, seed: int) -> None:
    """Give a sharded model the weights that one process would draw.

    On CPU every rank draws the same numbers for its own shard, so the whole model is drawn and then sharded.
    """
    whole = whole_model(config)
    torch.manual_seed(seed)
    whole.init_states()
    weights = dict(whole.named_parameters())
    for name, parameter in model.named_parameters():
        assert isinstance(parameter, DTensor)
        parameter.copy_(distribute_tensor(weights[name], parameter.device_mesh, parameter.placements))


def whole_model(config: llama3.Llama3Model.Config) -> llama3.Llama3Model:
    """An unsharded model on CPU, its weights unset."""
    with torch.device("meta"):
        model = config.build()
    return model.to_empty(device="cpu")
