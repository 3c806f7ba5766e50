"""torch: its RandomSampler over all sources as one; it hands over single numbers, which are gathered into chunks."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from torch.utils.data import RandomSampler

from benchmarks.order.samples import CHUNK, SAMPLES_PER_PART, Order, Places, describe, run

__all__ = ["describe", "prepare", "run"]


def prepare(_path: Path, num_parts: int) -> Order:
    num_samples = num_parts * SAMPLES_PER_PART

    def places() -> Iterator[Places]:
        samples = iter(RandomSampler(range(num_samples)))
        for _ in range(0, num_samples, CHUNK):
            window = np.fromiter(islice(samples, CHUNK), np.int64, CHUNK)
            yield Places(np.zeros_like(window), window)

    return places
