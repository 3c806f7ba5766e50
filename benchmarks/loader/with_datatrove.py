"""datatrove: windows of 2,048 tokens one by one in file order, which it is made for: not shuffled, not stacked into
arrays, without labels and positions."""

from collections.abc import Iterator
from pathlib import Path

from datatrove.utils.dataset import DatatroveFileDataset

from benchmarks.loader.batches import Batch, Loader, describe, first_parts, run
from benchmarks.loader.corpus import BATCH_SIZE, SEQUENCE_LENGTH, WINDOWS, token_file

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    datasets = [DatatroveFileDataset(str(token_file(path, source)), SEQUENCE_LENGTH - 1) for source in WINDOWS]

    def batches() -> Iterator[Batch]:
        for dataset in datasets:
            for first in range(0, len(dataset), BATCH_SIZE):
                yield Batch([dataset[window]["input_ids"] for window in range(first, first + BATCH_SIZE)])

    return first_parts(batches, num_parts)
