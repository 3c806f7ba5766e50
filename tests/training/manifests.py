"""Manifests over shards that exist by their sizes alone, for tests of the order and the compiler."""

from pipelines.record import FileEntry
from training.compile import compile_phases, compile_schedule
from training.manifest import Manifest, ShardsReference, TokenizerReference
from training.recipe import Recipe


def recipe(
    *, steps: int, batch: int, length: int, phases: list[tuple[float, list[float]]], seed: int = 1, **changes: object
) -> Recipe:
    """A recipe whose sources are s0, s1, ...; a weight of 0 leaves a source out of a phase."""
    return Recipe.model_validate(
        {
            "name": "tried",
            "title": "Tried",
            "seed": seed,
            "tokens": steps * batch * length,
            "sequence_length": length,
            "global_batch_size": batch,
            "model": "llama_test",
            "schedule": {
                "kind": "wsd",
                "peak_lr": 1e-3,
                "final_lr_ratio": 0.1,
                "warmup_fraction": 0.1,
                "decay_fraction": 0.4,
                "decay_shape": "linear",
            },
            "phases": [
                {
                    "name": f"p{number}",
                    "fraction": fraction,
                    "blend": {f"s{index}": weight for index, weight in enumerate(weights) if weight},
                }
                for number, (fraction, weights) in enumerate(phases)
            ],
        }
        | changes
    )


def manifest(declared: Recipe, num_windows: list[int]) -> Manifest:
    """The recipe compiled against sources of the given numbers of windows."""
    total_steps = declared.tokens // (declared.sequence_length * declared.global_batch_size)
    file = FileEntry(path="tokens.bin", num_bytes=0, sha256="")
    names = [f"s{index}" for index in range(len(num_windows))]
    return Manifest(
        recipe=declared.name,
        seed=declared.seed,
        sequence_length=declared.sequence_length,
        global_batch_size=declared.global_batch_size,
        model=declared.model,
        optimizer=declared.optimizer,
        schedule=compile_schedule(declared, total_steps),
        tokenizer=TokenizerReference(asset="tokenizer", version=1, digest="", vocab_size=512, end_of_text=0),
        sources=[
            ShardsReference(
                name=name,
                asset=f"shards/{name}",
                version=1,
                digest="",
                tokens_file=file,
                num_tokens=count * declared.sequence_length + 1,
                num_windows=count,
            )
            for name, count in zip(names, num_windows, strict=True)
        ],
        phases=compile_phases(declared, names, total_steps),
    )
