"""Manifests straight from numbers, over shards that exist by their sizes alone."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from pipelines.record import FileEntry
from training.declared.recipe import OptimizerDeclaration
from training.manifest import Manifest, SourceReference, TokenizerReference, Transition
from training.sampling.order import PhaseShape, lay_out
from training.sampling.transitions import compile_transition
from training.schedule import Piece, Schedule


def phase(
    *weights: int, name: str, steps: int, batch: int = 4, length: int = 8, transition: Transition | None = None
) -> PhaseShape:
    """A phase that takes s0, s1, ... in proportion to ``weights``."""
    return PhaseShape(name, steps, length, batch, weights, transition)


def manifest(
    *,
    num_windows: Sequence[int],
    phases: Sequence[PhaseShape],
    window_length: int | None = None,
    cursors: Sequence[int] | None = None,
    seed: int = 1,
    schedule: Schedule | None = None,
    **changes: Any,
) -> Manifest:
    """A run over sources s0, s1, ... with so many windows.

    Args:
        window_length: the longest sequence of any phase by default.
        cursors: the tokens of each source that were taken before the run, by default none.
        schedule: by default the rate falls linearly from 1e-3 to 1e-4 over the run.
        changes: other fields of the manifest.
    """
    window_length = window_length or max(phase.sequence_length for phase in phases)
    cursors = cursors or [0] * len(num_windows)
    total_tokens = sum(phase.num_steps * phase.global_batch_size * phase.sequence_length for phase in phases)
    fields = {
        "recipe": "tried",
        "seed": seed,
        "model": "llama_test",
        "optimizer": OptimizerDeclaration(),
        "schedule": schedule or falling(total_tokens),
        "tokenizer": TokenizerReference(asset="tokenizer", version=1, digest="", vocab_size=512, end_of_text=0),
        "window_length": window_length,
        "sources": [
            SourceReference(
                name=f"s{index}",
                asset=f"shards/s{index}",
                version=1,
                digest="",
                tokens_file=FileEntry(path="tokens.bin", num_bytes=0, sha256=""),
                num_tokens=count * window_length + 1,
                num_windows=count,
                cursor=cursor,
            )
            for index, (count, cursor) in enumerate(zip(num_windows, cursors, strict=True))
        ],
        "phases": lay_out(phases, seed, cursors),
    }
    return Manifest.model_validate(fields | changes)


def shapes_of(made: Manifest) -> list[PhaseShape]:
    """What a manifest's phases were laid out from."""
    fields = [field.name for field in dataclasses.fields(PhaseShape)]
    return [PhaseShape(**{field: getattr(phase, field) for field in fields}) for phase in made.phases]


def falling(total_tokens: int) -> Schedule:
    """A rate that falls linearly from 1e-3 to 1e-4."""
    piece = Piece(start_tokens=0, end_tokens=total_tokens, shape="linear", from_lr=1e-3, to_lr=1e-4)
    return Schedule(pieces=(piece,))


@st.composite
def manifests(draw: st.DrawFn, *, with_transitions: bool = True) -> Manifest:
    """Runs of up to four phases and 3,000 samples: sources of a window to many, weights of any scale, some of them 0,
    sequences and batches of several lengths, tokens that were taken before."""
    num_sources = draw(st.integers(1, 5))
    phases: list[PhaseShape] = []
    for number in range(draw(st.integers(1, 4))):
        weights = draw(st.lists(st.integers(0, 20) | st.integers(0, 2**36), min_size=num_sources, max_size=num_sources))
        weights[draw(st.integers(0, num_sources - 1))] += 1
        steps, batch, length = draw(st.integers(1, 60)), draw(st.integers(1, 12)), draw(st.sampled_from([4, 8, 16]))
        transition = None
        if phases and draw(st.booleans()):
            before = phases[-1]
            batch, length = before.global_batch_size, before.sequence_length
            half = draw(st.integers(0, min(before.num_steps, steps) * batch // 2))
            if half and with_transitions:
                transition = compile_transition(draw(st.sampled_from(["linear", "sigmoid"])), 2 * half)
        phases.append(
            phase(*weights, name=f"p{number}", steps=steps, batch=batch, length=length, transition=transition)
        )
    num_windows = draw(st.lists(st.integers(1, 40) | st.integers(1, 3000), min_size=num_sources, max_size=num_sources))
    cursors = draw(st.lists(st.integers(0, 2000), min_size=num_sources, max_size=num_sources))
    return manifest(num_windows=num_windows, phases=phases, cursors=cursors, seed=draw(st.integers(0, 2**32)))
