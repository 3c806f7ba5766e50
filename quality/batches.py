"""Texts of similar length in batches, so that little of a batch is padding."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer]


def batches_by_length(lengths: Ints, tokens_per_batch: int) -> Iterator[Ints]:
    """Rows in batches that hold at most ``tokens_per_batch`` with their padding, or a single row that is longer.

    Args:
        lengths: in tokens, shape (n,), n at least 1.
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end, row in enumerate(order):
        if end > start and (end + 1 - start) * lengths[row] > tokens_per_batch:
            yield order[start:end]
            start = end
    yield order[start:]
