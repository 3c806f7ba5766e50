"""Model presets by name: the shape of a Llama and how its steps are computed; the vocabulary is the manifest's."""

from dataclasses import dataclass

from pipelines.errors import PhaselineError
from training.models.shape import LlamaShape


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
