"""What a classifier is worth, from the scores of labelled documents that its models had not seen."""

from typing import Any

import numpy as np
import pyarrow as pa

from quality.arrays import Floats
from quality.classifier.metrics import (
    Labels,
    auc,
    average_precision,
    brier_score,
    expected_calibration_error,
    f1,
    precision_recall,
    reliability,
)
from quality.quantiles import interpolated_quantiles

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NUM_BINS = 10
SIDES = {"positives": 1, "negatives": 0}


def measures(table: pa.Table, threshold: float) -> dict[str, Any]:
    """The facts of a classifier.

    ``auc_by_fold`` near ``auc`` says that the folds' scores can be compared; ``auc_by_positive_source`` sets each
    positive source against all negatives.

    Args:
        table: columns source, label, fold, score, uncalibrated.
        threshold: the declared one.
    """
    labels, scores = table["label"].to_numpy(), table["score"].to_numpy()
    folds = table["fold"].to_numpy()
    sources = np.array(table["source"].to_pylist(), dtype=object)
    positives = sorted(set(sources[labels == 1]))
    precision, recall = precision_recall(labels, scores, threshold)

    def auc_of(rows: np.ndarray) -> float:
        return auc(labels[rows], scores[rows])

    return {
        "auc": auc(labels, scores),
        "auc_by_fold": [auc_of(folds == fold) for fold in range(int(folds.max()) + 1)],
        "auc_by_positive_source": {name: auc_of((labels == 0) | (sources == name)) for name in positives},
        "average_precision": average_precision(labels, scores),
        "threshold": threshold,
        "precision": precision,
        "recall": recall,
        "f1": f1(precision, recall),
        **calibration_measures(labels, scores, table["uncalibrated"].to_numpy()),
        "num_positives": int((labels == 1).sum()),
        "num_negatives": int((labels == 0).sum()),
        "documents_by_source": {name: int((sources == name).sum()) for name in sorted(set(sources))},
        "score_quantiles": {
            name: interpolated_quantiles(scores[labels == label], QUANTILES) for name, label in SIDES.items()
        },
    }


def calibration_measures(labels: Labels, scores: Floats, uncalibrated: Floats) -> dict[str, Any]:
    """How far the scores are the probabilities that they claim to be, with and without calibration."""
    bins = reliability(labels, scores, NUM_BINS)
    return {
        "calibration_error": expected_calibration_error(bins),
        "calibration_error_uncalibrated": expected_calibration_error(reliability(labels, uncalibrated, NUM_BINS)),
        "brier_score": brier_score(labels, scores),
        "brier_score_uncalibrated": brier_score(labels, uncalibrated),
        "reliability": [one._asdict() for one in bins],
    }
