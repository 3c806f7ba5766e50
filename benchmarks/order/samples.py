"""The samples of a run over four sources, each window once, and how an order of them is timed and judged."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

SHARES = {"web": 6, "code": 3, "math": 2, "wiki": 1}
CHUNK = 1 << 16  # samples that are asked for at a time
SAMPLES_PER_PART = 12 * CHUNK  # one for each share
NUM_PARTS = 8
SEQUENCE_LENGTH = 2048


class Places(NamedTuple):
    """The source and window of samples, two integer arrays of shape (n,)."""

    source: Any
    window: Any


Order = Callable[[], Iterator[Places]]  # from nothing to the places of all samples, chunk by chunk


def num_windows(num_samples: int) -> dict[str, int]:
    """The windows of each source, of which there are so many in all, a multiple of 12."""
    return {source: share * num_samples // sum(SHARES.values()) for source, share in SHARES.items()}


def run(order: Order) -> None:
    """Take every chunk, and keep none."""
    for _ in order():
        pass


def describe(order: Order) -> dict[str, float]:
    """How many samples there were, and how many distinct windows of the sources."""
    chunks = [places.source.astype(np.int64) << 40 | places.window for places in order()]
    samples = np.concatenate(chunks)
    return {"samples": len(samples), "distinct": num_distinct(samples)}


def num_distinct(values: npt.NDArray[np.int64]) -> int:
    """How many different values there are; faster than numpy's hash table for millions of them."""
    return int(np.count_nonzero(np.diff(np.sort(values)))) + 1
