"""Quantiles: weighted ones of documents, exact and with ties broken by id, and plain ones for people to read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from quality.arrays import Bools, Floats, Strings


@dataclass(frozen=True)
class Threshold:
    """The first document of the high side in the order of value, then id. Applied again, it cuts as it did."""

    value: float
    id: str

    def is_high(self, values: Floats, ids: Strings) -> Bools:
        """Which documents are on the high side, shape (n,); NaN never is."""
        return (values > self.value) | ((values == self.value) & (ids >= self.id))


def thresholds_at(
    values: Floats, ids: Strings, weights: npt.NDArray[np.integer], quantiles: Sequence[float | Fraction]
) -> list[Threshold]:
    """The thresholds below which lie ``quantiles`` of the weight, or less by no more than one document's.

    Args:
        values: shape (n,), n at least 1, without NaN.
        weights: shape (n,), positive.
        quantiles: from 0 to below 1; as fractions they are exact.
    """
    order = np.lexsort((ids, values))
    cumulative = np.cumsum(weights[order])
    bounds = [math.floor(quantile * int(cumulative[-1])) for quantile in quantiles]
    firsts = order[np.searchsorted(cumulative, bounds, side="right")]
    return [Threshold(float(values[first]), str(ids[first])) for first in firsts]


def threshold_at(values: Floats, ids: Strings, weights: npt.NDArray[np.integer], quantile: float) -> Threshold:
    """The threshold of one quantile; see ``thresholds_at``."""
    (threshold,) = thresholds_at(values, ids, weights, [quantile])
    return threshold


def interpolated_quantiles(values: Floats, quantiles: Sequence[float]) -> dict[str, float]:
    """The quantiles of n values, n at least 1, without weights, by their names in facts, such as ``"0.5"``."""
    return {str(name): float(value) for name, value in zip(quantiles, np.quantile(values, quantiles), strict=True)}
