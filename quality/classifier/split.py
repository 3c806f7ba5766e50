"""Which model learns from a document, which is calibrated on it, and which scores it: decided by its id alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.digests import keyed_hash

FOLD_KEY = "quality/fold"


def folds_of(documents: Sequence[str], num_folds: int) -> NDArray[np.int64]:
    """The fold of each document id, labelled or not, shape (len(documents),): its test set is that of one model."""
    return np.array([keyed_hash(document, FOLD_KEY) % num_folds for document in documents], dtype=np.int64)


def validation_fold(fold: int, num_folds: int) -> int:
    """The fold on which the model is calibrated whose test set is ``fold``. All others train it."""
    return (fold + 1) % num_folds
