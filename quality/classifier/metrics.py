"""Measures of a binary classifier, exact in the presence of ties."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]


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


def precision_recall(labels: Labels, scores: Floats, threshold: float) -> tuple[float, float]:
    """Precision and recall of calling positive what scores at least ``threshold``; a precision of nothing is 0."""
    called = scores >= threshold
    hits = int((called & (labels == 1)).sum())
    return hits / max(int(called.sum()), 1), hits / int((labels == 1).sum())
