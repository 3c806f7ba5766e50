"""Ours, forward: source, pass and start of every sample, from the manifest alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.manifests import one_epoch
from benchmarks.order.samples import CHUNK, SAMPLES_PER_PART, SEQUENCE_LENGTH, Order, Places, describe, num_windows, run
from training.sampling.order import Order as ManifestOrder

__all__ = ["describe", "prepare", "run"]


def prepare(_path: Path, num_parts: int) -> Order:
    num_samples = num_parts * SAMPLES_PER_PART
    manifest = one_epoch(num_windows(num_samples), SEQUENCE_LENGTH, CHUNK)

    def places() -> Iterator[Places]:
        order = ManifestOrder(manifest)
        for first in range(0, num_samples, CHUNK):
            windows = order.windows(np.arange(first, first + CHUNK))
            yield Places(windows.source, windows.start)

    return places
