"""Which steps are loss spikes: a function of the metrics alone, so that a restarted run finds the same ones."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.declared.watch import Watch
from training.runs.metrics import StepMetrics


@dataclass(frozen=True)
class Bound:
    """What the loss of a step was expected to be, and above what it is a spike, in nats per token."""

    expected: float
    most: float


class SpikeWindow:
    """The last losses of the phase that a run is in.

    Args:
        rows: of the steps that are done.
    """

    def __init__(self, declared: Watch, rows: Sequence[StepMetrics]) -> None:
        self._declared = declared
        self._phase = ""
        self._losses: deque[float] = deque(maxlen=declared.window_steps)
        for row in rows[-declared.window_steps :]:
            self.add(row)

    def add(self, row: StepMetrics) -> Bound | None:
        """Take note of a step; returns the bound that its loss exceeded, or None."""
        if row["phase"] != self._phase:
            self._phase = row["phase"]
            self._losses.clear()
        bound = self._bound()
        self._losses.append(row["loss"])
        return bound if bound is not None and row["loss"] > bound.most else None

    def _bound(self) -> Bound | None:
        """The bound for the next step, once half a window of the phase is done."""
        if len(self._losses) < max(2, self._declared.window_steps // 2):
            return None
        expected = float(np.mean(self._losses))
        return Bound(expected, expected + self._declared.deviations * float(np.std(self._losses, ddof=1)))
