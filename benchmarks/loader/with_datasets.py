"""Hugging Face datasets, map-style: shuffled by its index, whole batches as numpy arrays; no positions.

Windows are cut and stored beforehand for one sequence length. This is its fastest way; torch tensors through a
DataLoader are half as fast.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.loader.batches import Batch, Loader, describe, first_parts, run
from benchmarks.loader.corpus import BATCH_SIZE, SEED
from benchmarks.loader.stored_datasets import window_dataset
from benchmarks.loader.stored_windows import shifted

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    dataset = window_dataset(path).shuffle(seed=SEED, keep_in_memory=True).with_format("numpy")

    def batches() -> Iterator[Batch]:
        for stored in dataset.iter(BATCH_SIZE):
            yield shifted(stored["tokens"])

    return first_parts(batches, num_parts)
