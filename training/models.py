"""Model presets by name: the shape of a Llama and how its steps are computed; the vocabulary is the manifest's."""

from dataclasses import dataclass

from pipelines.errors import PhaselineError
from training.manifest import Manifest


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
    """How a step is computed: sequences of a run's first phase in one forward pass at most, and whether blocks are
    compiled. Phases of other lengths get as many sequences as have no more tokens.
    """

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
    "llama_1m": ModelPreset(
        LlamaShape(dim=64, num_layers=2, num_heads=4, num_kv_heads=2, hidden_dim=192), Compute(max_local_batch_size=8)
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
    "llama_1b": ModelPreset(
        LlamaShape(dim=2048, num_layers=16, num_heads=32, num_kv_heads=8, hidden_dim=8192, rope_theta=500_000.0),
        Compute(max_local_batch_size=4, compile=True),
    ),
    "llama_8b": ModelPreset(
        LlamaShape(dim=4096, num_layers=32, num_heads=32, num_kv_heads=8, hidden_dim=14_336, rope_theta=500_000.0),
        Compute(max_local_batch_size=1, compile=True),
    ),
}


def model_preset(name: str) -> ModelPreset:
    """The preset of a name; raises PhaselineError for an unknown one."""
    if name not in PRESETS:
        raise PhaselineError(f"there is no model {name!r}", f"name one of: {', '.join(PRESETS)}")
    return PRESETS[name]


def local_batch_sizes(manifest: Manifest, num_processes: int) -> list[int]:
    """Sequences that a process computes at a time in each phase of a run.

    Raises:
        PhaselineError: an unknown model, or a phase's batch does not divide among the processes.
    """
    compute = model_preset(manifest.model).compute
    most_tokens = compute.max_local_batch_size * manifest.phases[0].sequence_length
    return [
        local_batch_size(phase.global_batch_size, num_processes, max(1, most_tokens // phase.sequence_length))
        for phase in manifest.phases
    ]


def local_batch_size(global_batch_size: int, num_processes: int, most: int) -> int:
    """Sequences that a process computes at a time: as many as divide its share, and ``most`` of them.

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
    return max(size for size in range(1, min(share, most) + 1) if share % size == 0)
