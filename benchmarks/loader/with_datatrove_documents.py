"""datatrove: windows of 2,049 tokens in file order, so that there are labels, and positions in documents."""

from collections.abc import Iterator
from pathlib import Path

from datatrove.utils.dataset import DatatroveFolderDataset
from torch.utils.data import DataLoader

from benchmarks.loader.batches import Batch, Loader, describe, first_parts, run
from benchmarks.loader.corpus import BATCH_SIZE, END_OF_TEXT, SEQUENCE_LENGTH

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    dataset = DatatroveFolderDataset(
        str(path),
        SEQUENCE_LENGTH,
        "*.bin",
        recursive=False,
        return_positions=True,
        positions_from_eos_token_id=END_OF_TEXT,
    )

    def batches() -> Iterator[Batch]:
        for batch in DataLoader(dataset, BATCH_SIZE):
            tokens = batch["input_ids"]
            yield Batch(tokens[:, :-1], tokens[:, 1:], batch["positions"][:, :-1])

    return first_parts(batches, num_parts)
