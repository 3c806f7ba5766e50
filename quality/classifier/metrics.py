"""Measures of a binary classifier, exact in the presence of ties."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quality.arrays import Floats

Labels = npt.NDArray[np.integer]


class Curve(NamedTuple):
    """What calling positive all scores from a threshold on gives, for each distinct score, the highest first."""

    thresholds: Floats
    true_positives: npt.NDArray[np.int64]
    false_positives: npt.NDArray[np.int64]


class Bin(NamedTuple):
    """The scores in a stretch of those possible: how many, their mean, and the share of positives."""

    start: float
    end: float
    num_documents: int
    mean_score: float
    positive_share: float


def auc(labels: Labels, scores: Floats) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, a tie counting one half.

    Computed from the rank sum of the positives (Mann-Whitney U), tied scores sharing their mean rank.

    Args:
        labels: shape (n,), 1 for positives and 0 for negatives; both occur.
        scores: shape (n,).
    """
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    positive = labels == 1
    num_positives = int(positive.sum())
    num_negatives = len(labels) - num_positives
    rank_sum = float(mean_ranks[group[positive]].sum())
    return (rank_sum - num_positives * (num_positives + 1) / 2) / (num_positives * num_negatives)


def curve(labels: Labels, scores: Floats) -> Curve:
    """The counts behind ROC and precision-recall curves."""
    thresholds, group = np.unique(-scores, return_inverse=True)
    counts = [np.cumsum(np.bincount(group, weights=labels == label)).astype(np.int64) for label in (1, 0)]
    return Curve(-thresholds, *counts)


def average_precision(labels: Labels, scores: Floats) -> float:
    """Precision at each distinct score, weighted by the recall that the score adds; no interpolation."""
    _, true_positives, false_positives = curve(labels, scores)
    precision = true_positives / (true_positives + false_positives)
    return float((np.diff(true_positives, prepend=0) * precision).sum() / true_positives[-1])


def precision_recall(labels: Labels, scores: Floats, threshold: float) -> tuple[float, float]:
    """Precision and recall of calling positive what scores at least ``threshold``; a precision of nothing is 0."""
    called = scores >= threshold
    hits = int((called & (labels == 1)).sum())
    return hits / max(int(called.sum()), 1), hits / int((labels == 1).sum())


def f1(precision: float, recall: float) -> float:
    """The harmonic mean of precision and recall; 0 where both are."""
    return 2 * precision * recall / max(precision + recall, 1e-12)


def brier_score(labels: Labels, probabilities: Floats) -> float:
    """The mean square of the differences between probabilities and labels (Brier 1950)."""
    return float(np.mean((probabilities - labels) ** 2))


def reliability(labels: Labels, probabilities: Floats, num_bins: int) -> list[Bin]:
    """Bins of equal width between 0 and 1; those that hold a score, in order."""
    positions = np.minimum((probabilities * num_bins).astype(np.int64), num_bins - 1)
    return [
        Bin(
            start=position / num_bins,
            end=(position + 1) / num_bins,
            num_documents=int(inside.sum()),
            mean_score=float(probabilities[inside].mean()),
            positive_share=float(labels[inside].mean()),
        )
        for position in np.unique(positions).tolist()
        for inside in [positions == position]
    ]


def expected_calibration_error(bins: list[Bin]) -> float:
    """The mean distance between a bin's mean score and its share of positives, weighted by what is in the bins.

    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning".
    """
    total = sum(one.num_documents for one in bins)
    return sum(one.num_documents * abs(one.mean_score - one.positive_share) for one in bins) / total
