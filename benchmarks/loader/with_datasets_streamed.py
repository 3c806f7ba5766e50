"""Hugging Face datasets, streamed: shuffled through a buffer of 1,000 windows, batches in numpy; no positions."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.loader.batches import Batch, Loader, describe, first_parts, run
from benchmarks.loader.corpus import BATCH_SIZE, SEED
from benchmarks.loader.stored_datasets import window_dataset
from benchmarks.loader.stored_windows import shifted

__all__ = ["describe", "prepare", "run"]

NUM_SHARDS = 64
BUFFER = 1000


def prepare(path: Path, num_parts: int) -> Loader:
    streamed = window_dataset(path).to_iterable_dataset(NUM_SHARDS).shuffle(seed=SEED, buffer_size=BUFFER)
    dataset = streamed.with_format("numpy")

    def batches() -> Iterator[Batch]:
        for stored in dataset.iter(BATCH_SIZE):
            yield shifted(stored["tokens"])

    return first_parts(batches, num_parts)
