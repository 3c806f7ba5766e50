"""Model presets by name: a shape, and how many sequences of it are computed at a time.

The vocabulary is the manifest's. Sizes in names count one of 8,192 tokens up to 30M, of 32,768 up to 150M. Larger ones
are published models, named with their own vocabularies in mind.
"""

from dataclasses import dataclass

from pipelines.errors import PhaselineError
from training.models.shape import ModelShape


@dataclass(frozen=True)
class ModelPreset:
    """What a recipe's ``model`` names.

    Args:
        max_local_batch_size: sequences of a run's first phase in one forward pass at most; phases of other lengths get
            as many sequences as have no more tokens.
        flavour: of torchtitan's registry, where the shape is a published model's.
    """

    shape: ModelShape
    max_local_batch_size: int
    flavour: str | None = None


def llama(
    dim: int,
    num_layers: int,
    num_heads: int,
    num_kv_heads: int,
    hidden_dim: int,
    *,
    tied_embeddings: bool = False,
    rope_theta: float = 10_000.0,
    rope_scaling_factor: float | None = None,
) -> ModelShape:
    """A Llama: its heads divide its width."""
    return ModelShape(
        family="llama3",
        dim=dim,
        num_layers=num_layers,
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        head_dim=dim // num_heads,
        hidden_dim=hidden_dim,
        tied_embeddings=tied_embeddings,
        rope_theta=rope_theta,
        rope_scaling_factor=rope_scaling_factor,
    )


def qwen(
    dim: int,
    num_layers: int,
    num_heads: int,
    num_kv_heads: int,
    head_dim: int,
    hidden_dim: int,
    *,
    tied_embeddings: bool = True,
) -> ModelShape:
    """A Qwen 3: its heads have a size of their own."""
    return ModelShape(
        family="qwen3",
        dim=dim,
        num_layers=num_layers,
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        head_dim=head_dim,
        hidden_dim=hidden_dim,
        tied_embeddings=tied_embeddings,
        rope_theta=1_000_000.0,
    )


# Published models: config.json of meta-llama/Llama-3.2-1B, Llama-3.2-3B and Llama-3.1-8B, and of Qwen/Qwen3-*.
LLAMA_1B = llama(2048, 16, 32, 8, hidden_dim=8192, tied_embeddings=True, rope_theta=500_000.0, rope_scaling_factor=32.0)
LLAMA_3B = llama(3072, 28, 24, 8, hidden_dim=8192, tied_embeddings=True, rope_theta=500_000.0, rope_scaling_factor=32.0)
LLAMA_8B = llama(4096, 32, 32, 8, hidden_dim=14_336, rope_theta=500_000.0, rope_scaling_factor=8.0)
QWEN_600M = qwen(1024, 28, 16, 8, head_dim=128, hidden_dim=3072)
QWEN_1_7B = qwen(2048, 28, 16, 8, head_dim=128, hidden_dim=6144)
QWEN_4B = qwen(2560, 36, 32, 8, head_dim=128, hidden_dim=9728)
QWEN_8B = qwen(4096, 36, 32, 8, head_dim=128, hidden_dim=12_288, tied_embeddings=False)

PRESETS = {
    "llama_test": ModelPreset(llama(64, 2, 4, 2, hidden_dim=128), max_local_batch_size=8),
    "llama_1m": ModelPreset(llama(64, 2, 4, 2, hidden_dim=192), max_local_batch_size=8),
    "llama_3m": ModelPreset(llama(128, 4, 4, 4, hidden_dim=384), max_local_batch_size=8),
    "llama_5m": ModelPreset(llama(192, 4, 3, 3, hidden_dim=512), max_local_batch_size=8),
    "llama_10m": ModelPreset(llama(320, 4, 5, 5, hidden_dim=896), max_local_batch_size=8),
    "llama_30m": ModelPreset(llama(512, 6, 8, 8, hidden_dim=1536), max_local_batch_size=8),
    "llama_100m": ModelPreset(llama(768, 12, 12, 12, hidden_dim=2048), max_local_batch_size=32),
    "llama_150m": ModelPreset(llama(768, 12, 12, 12, hidden_dim=3072, rope_theta=500_000.0), max_local_batch_size=8),
    "llama_1b": ModelPreset(LLAMA_1B, max_local_batch_size=4, flavour="1B"),
    "llama_3b": ModelPreset(LLAMA_3B, max_local_batch_size=2, flavour="3B"),
    "llama_8b": ModelPreset(LLAMA_8B, max_local_batch_size=1, flavour="8B"),
    "qwen_test": ModelPreset(qwen(64, 2, 4, 2, head_dim=32, hidden_dim=128), max_local_batch_size=8),
    "qwen_5m": ModelPreset(qwen(256, 4, 4, 2, head_dim=64, hidden_dim=768), max_local_batch_size=8),
    "qwen_30m": ModelPreset(qwen(512, 8, 8, 4, head_dim=64, hidden_dim=1536), max_local_batch_size=8),
    "qwen_150m": ModelPreset(qwen(768, 18, 12, 4, head_dim=64, hidden_dim=2304), max_local_batch_size=8),
    "qwen_600m": ModelPreset(QWEN_600M, max_local_batch_size=8, flavour="0.6B"),
    "qwen_1_7b": ModelPreset(QWEN_1_7B, max_local_batch_size=4, flavour="1.7B"),
    "qwen_4b": ModelPreset(QWEN_4B, max_local_batch_size=2, flavour="4B"),
    "qwen_8b": ModelPreset(QWEN_8B, max_local_batch_size=1, flavour="8B"),
}


def model_preset(name: str) -> ModelPreset:
    """The preset of a name; raises PhaselineError for an unknown one."""
    if name not in PRESETS:
        raise PhaselineError(f"there is no model {name!r}", f"name one of: {', '.join(PRESETS)}")
    return PRESETS[name]
