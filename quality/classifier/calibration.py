"""Calibration: the logits of a model as the probabilities with which documents are positive."""

from typing import NamedTuple

import numpy as np

from quality.arrays import Floats
from quality.classifier.metrics import Labels

MAX_STEPS = 100
STEP_SIZES = 0.5 ** np.arange(30)
RIDGE = 1e-12  # keeps the curvature from being singular


class Calibration(NamedTuple):
    """``probability = 1 / (1 + exp(-(slope * logit + intercept)))``."""

    slope: float
    intercept: float

    def probabilities(self, logits: Floats) -> Floats:
        return sigmoid(self.slope * logits + self.intercept)


UNCALIBRATED = Calibration(1.0, 0.0)  # fastText's own probabilities


def fit_calibration(labels: Labels, logits: Floats) -> Calibration:
    """Platt scaling (Platt 1999, "Probabilistic outputs for support vector machines").

    Logistic regression on one variable by Newton's method, steps halved until they help (Lin, Lin and Weng 2007, "A
    note on Platt's probabilistic outputs for support vector machines"). The targets are Platt's, not quite 0 and 1, so
    that there is an optimum where the classes are apart. A slope below 0 becomes 0: a model that ranks documents the
    wrong way round is not mended here, but shows in its AUC.

    Args:
        labels: 1 or 0, shape (n,).
        logits: shape (n,).
    """
    num_positives = int(labels.sum())
    num_negatives = len(labels) - num_positives
    targets = np.where(labels == 1, (num_positives + 1) / (num_positives + 2), 1 / (num_negatives + 2))
    constant = Calibration(0.0, float(np.log(targets.sum() / (1 - targets).sum())))
    fitted = constant
    for _ in range(MAX_STEPS):
        step = newton_step(targets, logits, fitted)
        shorter = (Calibration(*(fitted - size * step).tolist()) for size in STEP_SIZES)
        least = cross_entropy(targets, logits, fitted)
        better = next((one for one in shorter if cross_entropy(targets, logits, one) < least), None)
        if better is None:  # this is the optimum, as far as floats tell
            break
        fitted = better
    return fitted if fitted.slope > 0 else constant


def newton_step(targets: Floats, logits: Floats, calibration: Calibration) -> Floats:
    """The cross-entropy's gradient by slope and intercept over its curvature, shape (2,)."""
    variables = np.stack([logits, np.ones(len(logits))])
    probabilities = calibration.probabilities(logits)
    gradient = (variables * (probabilities - targets)).sum(axis=1)  # a matrix product's sums depend on the machine
    curvature = (variables[:, None] * variables * probabilities * (1 - probabilities)).sum(axis=2)
    step: Floats = np.linalg.solve(curvature + RIDGE * np.eye(2), gradient)
    return step


def cross_entropy(targets: Floats, logits: Floats, calibration: Calibration) -> float:
    """Summed over documents."""
    calibrated = calibration.slope * logits + calibration.intercept
    return float((np.logaddexp(0, calibrated) - targets * calibrated).sum())


def sigmoid(logits: Floats) -> Floats:
    """Without overflow."""
    return np.exp(-np.logaddexp(0, -logits))
