"""numpy: one permutation of all samples in memory, and where in the sources each of them falls."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.order.samples import CHUNK, SAMPLES_PER_PART, Order, Places, describe, num_windows, run

__all__ = ["describe", "prepare", "run"]


def prepare(_path: Path, num_parts: int) -> Order:
    num_samples = num_parts * SAMPLES_PER_PART
    ends = np.cumsum(list(num_windows(num_samples).values()))
    firsts = np.concatenate([[0], ends[:-1]])

    def places() -> Iterator[Places]:
        permutation = np.random.default_rng(0).permutation(num_samples)
        for first in range(0, num_samples, CHUNK):
            samples = permutation[first : first + CHUNK]
            source = np.searchsorted(ends, samples, side="right")
            yield Places(source, samples - firsts[source])

    return places
