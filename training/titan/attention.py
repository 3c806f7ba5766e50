"""Attention under a dense document mask, for CPUs."""

from dataclasses import dataclass
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
from torch.nn import functional as F  # noqa: N812
from torchtitan.models.common.attention import FlexAttention
from torchtitan.models.common.decoder import Decoder
from torchtitan.protocols.module import Module


class DenseAttention(Module):
    """Scaled dot-product attention under a dense mask: FlexAttention has no backward pass on CPU."""

    @dataclass(kw_only=True, slots=True)
    class Config(Module.Config):
        pass

    def __init__(self, config: Config) -> None:  # noqa: ARG002
        super().__init__()

    def forward(
        self,
        q_BLNH: torch.Tensor,  # noqa: N803, the names by which torchtitan shards them
        k_BLNH: torch.Tensor,  # noqa: N803
        v_BLNH: torch.Tensor,  # noqa: N803
        *,
        attention_masks: torch.Tensor | None = None,
        scale: float | None = None,
        enable_gqa: bool = False,
        **_: Any,
    ) -> torch.Tensor:
        """Attend causally, or under a mask.

        Args:
            q_BLNH, k_BLNH, v_BLNH: queries, keys and values, shape (batch, length, heads, head dim).
            attention_masks: True where a query may see a key, shape (batch, 1, length, length), bool.
        """
        queries, keys, values = (tensor.transpose(1, 2) for tensor in (q_BLNH, k_BLNH, v_BLNH))
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


def use_dense_attention(config: Decoder.Config) -> None:
    """Let a model attend with ``DenseAttention`` instead of FlexAttention."""
    for _, _, parent, attribute in list(config.traverse(FlexAttention.Config)):
        setattr(parent, attribute, DenseAttention.Config())


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
