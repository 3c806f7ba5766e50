"""The shape of a decoder, and how many weights it has."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LlamaShape:
    """The shape of a Llama decoder with untied embeddings (Touvron et al., arXiv:2302.13971)."""

    dim: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    hidden_dim: int
    rope_theta: float = 10_000.0

    def num_parameters(self, vocab_size: int) -> int:
        """Weights of the whole model, both embeddings included."""
        kv_dim = self.dim // self.num_heads * self.num_kv_heads
        attention = 2 * self.dim * self.dim + 2 * self.dim * kv_dim
        feed_forward = 3 * self.dim * self.hidden_dim
        norms = 2 * self.dim
        return self.num_layers * (attention + feed_forward + norms) + self.dim + 2 * vocab_size * self.dim
