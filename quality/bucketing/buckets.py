"""Percentiles of bytes and the buckets cut from them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quality.classifier.declaration import Bucket
from quality.classifier.metrics import Floats


def byte_percentiles(
    scores: Floats, ids: Sequence[str], num_bytes: npt.NDArray[np.integer], in_training: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """The percentile of each document among the training bytes of its stratum, shape (n,), between 0 and 100.

    Documents are ranked by score, equal scores by id. A document's percentile is that of the middle of its own bytes,
    so that one document alone stands at 50, and of the point where it would stand if it is not for training.

    Args:
        num_bytes: of each document; only those for training carry weight.
        in_training: True for documents of the training split.
    """
    order = np.lexsort((np.array(ids, dtype=str), scores))
    weights = np.where(in_training, num_bytes, 0)[order]
    total = int(weights.sum())
    percentiles = np.empty(len(order))
    below = np.cumsum(weights) - weights
    percentiles[order] = 50.0 if total == 0 else 100 * (below + weights / 2) / total
    return percentiles


def bucket_indices(percentiles: Floats, buckets: Sequence[Bucket]) -> npt.NDArray[np.intp]:
    """The position in ``buckets`` (the best first) of each percentile, shape (n,)."""
    bounds = np.array([bucket.min_percentile for bucket in reversed(buckets)])
    return len(buckets) - np.searchsorted(bounds, percentiles, side="right")
