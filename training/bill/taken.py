"""What steps took of each source of a manifest: samples, and the learning rates at which they were trained on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from training.manifest import CompiledPhase, Manifest
from training.sampling.order import Order

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

MOST_STRETCHES = 20_000  # of steps within one phase and one piece of the schedule, each at the rate in its middle


@dataclass(frozen=True)
class Taken:
    """What some steps of one phase took, in stretches of steps that have one rate each.

    Where phases fade into each other, these are also samples of its neighbours. Samples and tokens are exact. What is
    weighted by the rate is exact for phases of up to MOST_STRETCHES steps; for longer ones it is off by what a few
    samples weigh at the highest rate, below 1e-6 of millions of samples.

    Args:
        cursors: the tokens of each source's passes that were taken before; shape (num_sources,).
        edges: the samples taken of each source before each stretch, and after the last one; shape
            (num_stretches + 1, num_sources).
        rates: of the stretches; shape (num_stretches,).
    """

    phase: CompiledPhase
    cursors: Int64s
    edges: Int64s
    rates: Float64s

    @property
    def tokens(self) -> Int64s:
        """Of each source, shape (num_sources,)."""
        return self.edges[-1] * self.phase.sequence_length

    @cached_property
    def lr_weighted_tokens(self) -> Float64s:
        """Tokens of each source, each times the learning rate of its step; shape (num_sources,)."""
        return self.rates @ np.diff(self.edges, axis=0) * self.phase.sequence_length


def taken_in(manifest: Manifest, first_step: int, end_step: int) -> Iterator[Taken]:
    """What the steps [first_step, end_step) took, phase by phase.

    Raises:
        IndexError: a step outside of [0, total_steps].
    """
    order = Order(manifest)
    manifest.tokens_done(end_step)  # refuses steps beyond the end
    for phase in manifest.phases:
        first, end = max(first_step, phase.first_step), min(end_step, phase.end_step)
        if first < end:
            steps = np.array(stretch_edges(manifest, phase, first, end))
            counts = order.counts(phase.first_sample + (steps - phase.first_step) * phase.global_batch_size)
            twice_the_middles = (steps[:-1] + 1 + steps[1:] - 2 * first) * phase.tokens_per_step  # of tokens done
            middles = manifest.tokens_done(first) + twice_the_middles // 2
            yield Taken(
                phase,
                cursors=order.cursors(manifest.samples_done(first)),
                edges=counts - counts[0],
                rates=np.array([manifest.schedule.lr(tokens_done) for tokens_done in middles.tolist()]),
            )


def stretch_edges(manifest: Manifest, phase: CompiledPhase, first_step: int, end_step: int) -> list[int]:
    """The steps at which the steps [first_step, end_step) of a phase are cut into stretches, both ends included.

    No stretch crosses a border of the schedule's pieces, and each is a single step where there are not too many.
    """
    first_tokens = manifest.tokens_done(phase.first_step)
    borders = [
        phase.first_step + (piece.end_tokens - first_tokens) // phase.tokens_per_step
        for piece in manifest.schedule.pieces
    ]
    inside = {border for border in borders if first_step < border < end_step}
    edges = [first_step]
    for start, end in pairwise(sorted({first_step, *inside, end_step})):
        num_stretches = min(end - start, MOST_STRETCHES)
        edges += [start + number * (end - start) // num_stretches for number in range(1, num_stretches + 1)]
    return edges
