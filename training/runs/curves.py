"""What a run's metrics look like from afar: points that are means over several steps."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.runs.metrics import StepMetrics

Floats = npt.NDArray[np.float64]


class Curve(NamedTuple):
    """Points of a curve, two arrays of one shape, float64; ``steps`` are the middles of what was averaged."""

    steps: Floats
    values: Floats


def mean_curve(steps: npt.ArrayLike, values: npt.ArrayLike, weights: npt.ArrayLike, most_points: int) -> Curve:
    """Weighted means of values over equal stretches of steps, at most ``most_points`` of them.

    Args:
        steps, values, weights: arrays of one shape (n,), n at least 1, steps ascending.
    """
    places, of_places, counts = (np.asarray(array, dtype=np.float64) for array in (steps, values, weights))
    width = -(-(places[-1] - places[0] + 1) // most_points)
    bins = ((places - places[0]) // width).astype(np.int64)
    totals = np.bincount(bins, weights=counts)
    found = np.flatnonzero(totals)

    def means(of: Floats) -> Floats:
        return np.bincount(bins, weights=of * counts)[found] / totals[found]

    return Curve(means(places), means(of_places))


def loss_curve(rows: Sequence[StepMetrics], most_points: int) -> Curve:
    """The loss by step."""
    return mean_curve([row["step"] for row in rows], [row["loss"] for row in rows], np.ones(len(rows)), most_points)


def source_curves(
    rows: Sequence[StepMetrics], groups: Mapping[str, Sequence[str]], most_points: int
) -> dict[str, Curve]:
    """The loss by step of groups of sources, over their tokens; a group that had none is left out."""
    curves = {}
    for name, members in groups.items():
        steps, sources = [], []
        for row in rows:
            of_group = [row["loss_by_source"][member] for member in members if member in row["loss_by_source"]]
            steps += [row["step"]] * len(of_group)
            sources += of_group
        if sources:
            losses, tokens = [source["loss"] for source in sources], [source["tokens"] for source in sources]
            curves[name] = mean_curve(steps, losses, tokens, most_points)
    return curves
