"""Model presets by name: the shape of a Llama and how its steps are computed; the vocabulary is the manifest's."""

from dataclasses import dataclass

from pipelines.errors import PhaselineError


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


@dataclass(frozen=True)
class Compute:
    """How a step is computed: sequences in one forward pass at most, and whether blocks are compiled."""

    max_local_batch_size: int
    compile: bool = False


@dataclass(frozen=True)
class ModelPreset:
    """What a recipe's ``model`` names."""

    shape: LlamaShape
    compute: Compute


PRESETS = {
    "llama_test": ModelPreset(
        LlamaShape(dim=64, num_layers=2, num_heads=4, num_kv_heads=2, hidden_dim=128), Compute(max_local_batch_size=8)
    ),
    "llama_3m": ModelPreset(
        LlamaShape(dim=128, num_layers=4, num_heads=4, num_kv_heads=4, hidden_dim=384), Compute(max_local_batch_size=8)
    ),
    "llama_10m": ModelPreset(
        LlamaShape(dim=320, num_layers=4, num_heads=5, num_kv_heads=5, hidden_dim=896), Compute(max_local_batch_size=8)
    ),
    "llama_100m": ModelPreset(
        LlamaShape(dim=768, num_layers=12, num_heads=12, num_kv_heads=12, hidden_dim=2048),
        Compute(max_local_batch_size=32, compile=True),
    ),
}


def model_preset(name: str) -> ModelPreset:
    """The preset of a name; raises PhaselineError for an unknown one."""
    if name not in PRESETS:
        raise PhaselineError(f"there is no model {name!r}", f"name one of: {', '.join(PRESETS)}")
    return PRESETS[name]


def local_batch_size(global_batch_size: int, num_processes: int, compute: Compute) -> int:
    """Sequences that a process computes at a time: the most that divide its share and fit the preset.

    Raises:
        PhaselineError: the global batch does not divide among the processes.
    """
    if global_batch_size % num_processes:
        divisors = [str(n) for n in range(1, global_batch_size + 1) if global_batch_size % n == 0]
        raise PhaselineError(
            f"a batch of {global_batch_size} sequences does not divide among {num_processes} processes",
            f"start {', '.join(divisors[:-1])} or {divisors[-1]} of them, or change the recipe's global_batch_size",
        )
    share = global_batch_size // num_processes
    return max(size for size in range(1, min(share, compute.max_local_batch_size) + 1) if share % size == 0)
