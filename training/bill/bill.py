"""The bill of data: what a run has seen of each source by a step."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from training.manifest import Compiled, CompiledPhase, Manifest
from training.sampling.order import Order

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

MOST_STRETCHES = 20_000  # of steps within one phase and one piece of the schedule, each at the rate in its middle


class SourceBill(Compiled):
    """What was seen of one source; ``epochs`` are passes over its windows, fractions included.

    ``lr_weighted_share`` is the source's share of all tokens, each weighted by the learning rate of its step.
    """

    samples: int
    tokens: int
    epochs: float
    lr_weighted_share: float


class PhaseBill(Compiled):
    """What was seen in the steps of one phase; where phases fade into each other, also samples of its neighbours."""

    samples: int
    tokens: int
    sources: dict[str, SourceBill]


class Bill(Compiled):
    """What was seen up to a step, in total and by phase; a source or phase of which nothing was seen is left out.

    Samples and tokens are exact. Shares weighted by the rate are exact for phases of up to MOST_STRETCHES steps; for
    longer ones they are off by what a few samples weigh at the highest rate, below 1e-6 of millions of samples.
    """

    step: int
    samples: int
    tokens: int
    sources: dict[str, SourceBill]
    phases: dict[str, PhaseBill]


def bill_of_data(manifest: Manifest, step: int) -> Bill:
    """The bill after ``step`` steps.

    Raises:
        IndexError: a step outside of [0, total_steps].
    """
    order = Order(manifest)
    tokens_done = manifest.tokens_done(step)
    samples, tokens = np.zeros((2, len(manifest.sources)), dtype=np.int64)
    weighted = np.zeros(len(manifest.sources))
    phases = {}
    for phase in manifest.phases:
        if phase.first_step < step:
            samples_here, weighted_here = seen_in(order, phase, min(step, phase.end_step))
            tokens_here = samples_here * phase.sequence_length
            phases[phase.name] = PhaseBill(
                samples=int(samples_here.sum()),
                tokens=int(tokens_here.sum()),
                sources=source_bills(manifest, samples_here, tokens_here, weighted_here),
            )
            samples, tokens, weighted = samples + samples_here, tokens + tokens_here, weighted + weighted_here
    return Bill(
        step=step,
        samples=manifest.samples_done(step),
        tokens=tokens_done,
        sources=source_bills(manifest, samples, tokens, weighted),
        phases=phases,
    )


def seen_in(order: Order, phase: CompiledPhase, end_step: int) -> tuple[Int64s, Float64s]:
    """What the steps of a phase before ``end_step`` took of each source, two arrays of shape (num_sources,).

    Returns:
        samples; and tokens, each times the learning rate of its step. Very many steps are taken in stretches.
    """
    edges = np.array(stretch_edges(order.manifest, phase, end_step)) - phase.first_step
    counts = np.diff(order.counts(phase.first_sample + edges * phase.global_batch_size), axis=0)
    twice_the_middles = (edges[:-1] + 1 + edges[1:]) * phase.tokens_per_step  # tokens done after first and last step
    middles = order.manifest.tokens_done(phase.first_step) + twice_the_middles // 2
    rates = np.array([order.manifest.schedule.lr(tokens_done) for tokens_done in middles.tolist()])
    return counts.sum(axis=0), rates @ counts * phase.sequence_length


def stretch_edges(manifest: Manifest, phase: CompiledPhase, end_step: int) -> list[int]:
    """The steps at which a phase is cut into stretches, from its first to ``end_step``, both included.

    No stretch crosses a border of the schedule's pieces, and each is a single step where there are not too many.
    """
    first_tokens = manifest.tokens_done(phase.first_step)
    borders = [
        phase.first_step + (piece.end_tokens - first_tokens) // phase.tokens_per_step
        for piece in manifest.schedule.pieces
    ]
    inside = {border for border in borders if phase.first_step < border < end_step}
    edges = [phase.first_step]
    for start, end in pairwise(sorted({phase.first_step, *inside, end_step})):
        num_stretches = min(end - start, MOST_STRETCHES)
        edges += [start + number * (end - start) // num_stretches for number in range(1, num_stretches + 1)]
    return edges


def source_bills(
    manifest: Manifest, samples: Int64s, tokens: Int64s, weighted_tokens: Float64s
) -> dict[str, SourceBill]:
    """The bill of each source of which anything was seen; arrays of shape (num_sources,)."""
    all_weighted = weighted_tokens.sum()
    shares = weighted_tokens / all_weighted if all_weighted else weighted_tokens
    return {
        source.name: SourceBill(
            samples=count,
            tokens=tokens_of,
            epochs=round(tokens_of / manifest.tokens_per_pass(source), 6),
            lr_weighted_share=round(share, 6),
        )
        for source, count, tokens_of, share in zip(
            manifest.sources, samples.tolist(), tokens.tolist(), shares.tolist(), strict=True
        )
        if count
    }
