"""Ours, inverse: the sample of every window of every source."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.manifests import one_epoch
from benchmarks.order.samples import CHUNK, SAMPLES_PER_PART, SEQUENCE_LENGTH, num_distinct, num_windows
from training.sampling.order import Order

Samples = Callable[[], Iterator[npt.NDArray[np.int64]]]


def prepare(_path: Path, num_parts: int) -> Samples:
    windows = num_windows(num_parts * SAMPLES_PER_PART)
    manifest = one_epoch(windows, SEQUENCE_LENGTH, CHUNK)

    def samples() -> Iterator[npt.NDArray[np.int64]]:
        order = Order(manifest)
        for source, number in enumerate(windows.values()):
            for first in range(0, number, CHUNK):
                starts = np.arange(first, min(first + CHUNK, number)) * SEQUENCE_LENGTH
                yield order.samples(source, 0, starts)

    return samples


def run(samples: Samples) -> None:
    for _ in samples():
        pass


def describe(samples: Samples) -> dict[str, float]:
    found = np.concatenate(list(samples()))
    return {"samples": len(found), "distinct": num_distinct(found[found >= 0])}
