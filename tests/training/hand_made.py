"""Manifests written by hand, over shards that exist by their sizes alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.digests import value_digest
from pipelines.record import FileEntry
from training.declared.recipe import OptimizerDeclaration
from training.manifest import Manifest, SourceReference, TokenizerReference, Transition
from training.sampling.order import PhaseShape, lay_out
from training.schedule import Piece, Schedule


@dataclass(frozen=True)
class HandMadePhase:
    """A phase of so many steps and samples of each source by name; its weights are those counts."""

    name: str
    steps: int
    samples: Mapping[str, int]
    length: int = 16
    batch: int = 4
    transition: Transition | None = None


def source(name: str, num_tokens: int, window_length: int = 16, **changes: Any) -> SourceReference:
    """A source of whole shards."""
    fields = {
        "name": name,
        "asset": f"shards/{name}",
        "version": 1,
        "digest": value_digest([name, num_tokens]),
        "tokens_file": FileEntry(path="tokens.bin", num_bytes=2 * num_tokens, sha256=value_digest(name)),
        "num_tokens": num_tokens,
        "num_windows": (num_tokens - 1) // window_length,
    }
    return SourceReference.model_validate(fields | changes)


def hand_made(sources: Sequence[SourceReference], phases: Sequence[HandMadePhase], **changes: Any) -> Manifest:
    """A manifest of these phases, its rate falling linearly from 1e-3 at its first token to 1e-4 at its last."""
    counts = [[phase.samples.get(source.name, 0) for source in sources] for phase in phases]
    assert [sum(taken) for taken in counts] == [phase.steps * phase.batch for phase in phases]
    shapes = [
        PhaseShape(phase.name, phase.steps, phase.length, phase.batch, taken, phase.transition)
        for phase, taken in zip(phases, counts, strict=True)
    ]
    fields = {
        "recipe": "tried",
        "seed": 1,
        "model": "llama_test",
        "optimizer": OptimizerDeclaration(),
        "schedule": straight(sum(phase.steps * phase.batch * phase.length for phase in phases)),
        "tokenizer": TokenizerReference(asset="tokenizer", version=1, digest="1" * 64, vocab_size=512, end_of_text=0),
        "window_length": max(phase.length for phase in phases),
        "sources": list(sources),
        "phases": lay_out(shapes, 1, [source.cursor for source in sources]),
    }
    return Manifest.model_validate(fields | changes)


def straight(tokens: int, to_lr: float = 1e-4) -> Schedule:
    """A rate that falls linearly over a run."""
    piece = Piece(start_tokens=0, end_tokens=tokens, shape="linear", from_lr=1e-3, to_lr=to_lr)
    return Schedule(pieces=(piece,))
