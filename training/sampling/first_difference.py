"""How far two manifests agree: the first step that takes other tokens, or takes them otherwise."""

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.manifest import CompiledPhase, Manifest, SourceReference
from training.sampling.order import Order, Windows

Int64s = npt.NDArray[np.int64]

SAMPLES_AT_A_TIME = 1 << 20


@dataclass(frozen=True)
class FirstDifference:
    """The first step in which two manifests differ, counted from 0, and how, in words."""

    step: int
    how: str

    def __str__(self) -> str:
        return f"step {self.step + 1} {self.how}"


def first_difference(before: Manifest, after: Manifest, until_step: int, agreed: int = 0) -> FirstDifference | None:
    """The first of the first ``until_step`` steps that differs, or None.

    Every step is compared by its batch, sequence length and learning rate, and every sample by the tokens it holds: its
    source by name and content, the pass, and the place in the source's stream. What is fixed for a whole run (seed,
    model, optimizer, tokenizer, start) is not looked at, unless it changes these.

    Args:
        agreed: steps whose samples are known to be equal, which are not compared.

    Raises:
        IndexError: ``until_step`` is beyond the end of one of the runs.
    """
    step = first_changed_step(before, after, until_step)
    end = step.step if step else until_step
    return first_changed_sample(before, after, before.samples_done(min(agreed, end)), before.samples_done(end)) or step


def first_changed_step(before: Manifest, after: Manifest, until_step: int) -> FirstDifference | None:
    """The first step of another batch, sequence length or rate."""
    batch = first_changed_batch(before, after, until_step)
    return first_changed_rate(before, after, batch.step if batch else until_step) or batch


def first_changed_batch(before: Manifest, after: Manifest, until_step: int) -> FirstDifference | None:
    for step in sorted({phase.first_step for manifest in (before, after) for phase in manifest.phases}):
        if step < until_step:
            one, other = before.phase_at(step), after.phase_at(step)
            if (one.global_batch_size, one.sequence_length) != (other.global_batch_size, other.sequence_length):
                return FirstDifference(step, f"takes {batch_in_words(other)} instead of {batch_in_words(one)}")
    return None


def first_changed_rate(before: Manifest, after: Manifest, until_step: int) -> FirstDifference | None:
    """The first step of another rate, where steps have the same tokens; what both schedules share is passed over."""
    pairs = zip(before.schedule.pieces, after.schedule.pieces, strict=False)
    shared = list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    shared_tokens = shared[-1][0].end_tokens if shared else 0
    steps = range(until_step)
    for step in steps[bisect.bisect_right(steps, shared_tokens, key=lambda step: before.tokens_done(step + 1)) :]:
        if before.lr(step) != after.lr(step):
            how = f"has the learning rate {after.lr(step):.6g} instead of {before.lr(step):.6g}"
            return FirstDifference(step, how)
    return None


def batch_in_words(phase: CompiledPhase) -> str:
    return f"{phase.global_batch_size:,} sequences of {phase.sequence_length:,} tokens"


def first_changed_sample(before: Manifest, after: Manifest, first: int, end: int) -> FirstDifference | None:
    """The step of the first of the samples [first, end) that holds other tokens."""
    orders = [Order(manifest) for manifest in (before, after)]
    numbers: dict[Any, int] = {}
    streams = [
        np.array([numbers.setdefault(identity(source), len(numbers)) for source in manifest.sources])
        for manifest in (before, after)
    ]
    for start in range(first, end, SAMPLES_AT_A_TIME):
        samples = np.arange(start, min(start + SAMPLES_AT_A_TIME, end))
        one, other = (order.windows(samples) for order in orders)
        same = streams[0][one.source] == streams[1][other.source]
        for place, other_place in zip(one[1:], other[1:], strict=True):
            same &= place == other_place
        if not same.all():
            row = int(np.argmin(same))
            held = f"{sample_in_words(after, other, row)} instead of {sample_in_words(before, one, row)}"
            return FirstDifference(before.step_of(start + row), f"takes {held} as sample {start + row:,}")
    return None


def sample_in_words(manifest: Manifest, windows: Windows, row: int) -> str:
    source = manifest.sources[int(windows.source[row])]
    return f"token {int(windows.start[row]):,} of {source.name} ({source.digest[:12]}), pass {windows.epoch[row] + 1}"


def identity(source: SourceReference) -> tuple[Any, ...]:
    """What makes two sources the same stream of tokens."""
    return (source.name, source.digest, source.first_token, source.extents and source.extents.sha256)


def agreed_steps(before: Manifest, after: Manifest) -> int:
    """Steps from the first one on whose batches and samples are equal by construction.

    It follows from the compiled phases and sources alone, so it is as fast for trillions of tokens. Learning rates may
    differ.
    """
    if (before.seed, before.window_length) != (after.seed, after.window_length):
        return 0
    for number, (one, other) in enumerate(itertools.zip_longest(stays(before), stays(after))):
        if one is None or other is None or one.what != other.what:
            return min(begins(manifest, number) for manifest in (before, after))
        if one.end_step != other.end_step:
            return min(begins(manifest, number + 1) for manifest in (before, after))
    return before.total_steps


@dataclass(frozen=True)
class Stay:
    """A phase: what decides its samples from its beginning on, and where it ends."""

    what: tuple[Any, ...]
    end_step: int


def stays(manifest: Manifest) -> Iterator[Stay]:
    for phase in manifest.phases:
        sources = tuple(
            (identity(source), source.num_windows, weight, cursor)
            for source, weight, cursor in zip(manifest.sources, phase.weights, phase.cursors, strict=True)
            if weight
        )
        begins_with = (phase.name, phase.sequence_length, phase.global_batch_size, phase.transition)
        yield Stay((*begins_with, sources), phase.end_step)


def begins(manifest: Manifest, number: int) -> int:
    """The step in which a phase's first sample comes, the run's end for one after the last."""
    if number >= len(manifest.phases):
        return manifest.total_steps
    phase = manifest.phases[number]
    fade = phase.transition.num_samples // 2 if phase.transition else 0
    return manifest.step_of(phase.first_sample - fade)
