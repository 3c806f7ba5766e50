"""The bill of data: what a run has seen of each source by a step, exactly."""

import numpy as np
import numpy.typing as npt

from training.manifest import Compiled, Manifest
from training.order import Order


class SourceBill(Compiled):
    """What was seen of one source; ``epochs`` are passes over its windows, fractions included."""

    samples: int
    tokens: int
    epochs: float


class PhaseBill(Compiled):
    """What was seen within one phase."""

    samples: int
    tokens: int
    sources: dict[str, SourceBill]


class Bill(Compiled):
    """What was seen up to a step, in total and by phase; a source or phase of which nothing was seen is left out."""

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
    if not 0 <= step <= manifest.total_steps:
        raise IndexError(f"step {step} is outside of [0, {manifest.total_steps}]")
    order = Order(manifest)
    phases = {}
    for phase in manifest.phases:
        if phase.first_step < step:
            seen = counts_at(order, min(step, phase.end_step)) - counts_at(order, phase.first_step)
            phases[phase.name] = PhaseBill(
                samples=int(seen.sum()),
                tokens=int(seen.sum()) * manifest.sequence_length,
                sources=source_bills(manifest, seen),
            )
    samples = step * manifest.global_batch_size
    return Bill(
        step=step,
        samples=samples,
        tokens=samples * manifest.sequence_length,
        sources=source_bills(manifest, counts_at(order, step)),
        phases=phases,
    )


def counts_at(order: Order, step: int) -> npt.NDArray[np.int64]:
    """Samples of each source in the first ``step`` steps, shape (num_sources,)."""
    return order.counts(step * order.manifest.global_batch_size)


def source_bills(manifest: Manifest, counts: npt.NDArray[np.int64]) -> dict[str, SourceBill]:
    """The bill of each source of which anything was seen."""
    return {
        source.name: SourceBill(
            samples=count, tokens=count * manifest.sequence_length, epochs=round(count / source.num_windows, 6)
        )
        for source, count in zip(manifest.sources, counts.tolist(), strict=True)
        if count
    }
