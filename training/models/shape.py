"""The shape of a decoder, and how many weights it has."""

from dataclasses import dataclass
from typing import Literal

FamilyName = Literal["llama3", "qwen3"]


@dataclass(frozen=True)
class ModelShape:
    """The shape of a dense decoder of one of torchtitan's families.

    Llama (arXiv:2302.13971, arXiv:2407.21783) and Qwen 3 (arXiv:2505.09388) share all but the norms of queries and
    keys, which Qwen 3 has. Low rotary frequencies are divided by ``rope_scaling_factor`` as in Llama 3.1.
    """

    family: FamilyName
    dim: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    hidden_dim: int
    tied_embeddings: bool
    rope_theta: float
    rope_scaling_factor: float | None = None

    def num_parameters(self, vocab_size: int) -> int:
        """Weights of the whole model, embeddings included; tied ones are counted once."""
        embeddings = (1 if self.tied_embeddings else 2) * vocab_size * self.dim
        return self.num_layers * self.num_layer_parameters + self.dim + embeddings

    @property
    def num_layer_parameters(self) -> int:
        """Weights of one layer."""
        attention = 2 * self.dim * self.head_dim * (self.num_heads + self.num_kv_heads)
        feed_forward = 3 * self.dim * self.hidden_dim
        norms = 2 * self.dim + (2 * self.head_dim if self.family == "qwen3" else 0)
        return attention + feed_forward + norms
