"""Ours: the sources blended and shuffled by the order; tokens, labels, and positions in documents."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.loader.batches import Batch, Loader, describe, first_parts, run
from benchmarks.loader.corpus import BATCH_SIZE, SEQUENCE_LENGTH, WINDOWS, token_file
from benchmarks.manifests import one_epoch
from training.tokens.files import TokenFile
from training.tokens.windows import WindowReader

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    manifest = one_epoch(WINDOWS, SEQUENCE_LENGTH, BATCH_SIZE)
    reader = WindowReader(manifest, {source: TokenFile(token_file(path, source), None) for source in WINDOWS})

    def batches() -> Iterator[Batch]:
        for first in range(0, manifest.total_samples, BATCH_SIZE):
            yield Batch(*reader.batch(np.arange(first, first + BATCH_SIZE)))

    return first_parts(batches, num_parts)
