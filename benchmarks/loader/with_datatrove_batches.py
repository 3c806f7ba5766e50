"""datatrove: the same windows in file order, stacked by torch's DataLoader; no labels, no positions."""

from collections.abc import Iterator
from pathlib import Path

from datatrove.utils.dataset import DatatroveFolderDataset
from torch.utils.data import DataLoader

from benchmarks.loader.batches import Batch, Loader, describe, first_parts, run
from benchmarks.loader.corpus import BATCH_SIZE, SEQUENCE_LENGTH

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    dataset = DatatroveFolderDataset(str(path), SEQUENCE_LENGTH - 1, "*.bin", recursive=False)

    def batches() -> Iterator[Batch]:
        for batch in DataLoader(dataset, BATCH_SIZE):
            yield Batch(batch["input_ids"])

    return first_parts(batches, num_parts)
