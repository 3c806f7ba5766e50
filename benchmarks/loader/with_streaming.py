"""MosaicML streaming: local shards of windows, blended and shuffled by its default; no positions.

Its package asks for older numpy and transformers than the other peers run with; what it hands over is right with these.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from benchmarks.loader.batches import Batch, Loader, describe, first_parts, run
from benchmarks.loader.corpus import BATCH_SIZE, SEED, WINDOWS
from benchmarks.loader.stored_windows import WINDOW, shifted, windows

sys.modules["streaming.vision"] = ModuleType("streaming.vision")  # the part that needs torchvision
from streaming import MDSWriter, Stream, StreamingDataset  # noqa: E402

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    folders = {source: path / "streaming" / source for source in WINDOWS}
    for source, folder in folders.items():
        if not folder.exists():
            write_windows(path, source, folder)
    streams = [Stream(local=str(folder)) for folder in folders.values()]
    dataset = StreamingDataset(streams=streams, shuffle=True, shuffle_seed=SEED, batch_size=BATCH_SIZE)
    return first_parts(lambda: iter(DataLoader(dataset, BATCH_SIZE, collate_fn=stacked)), num_parts)


def write_windows(path: Path, source: str, folder: Path) -> None:
    with MDSWriter(out=str(folder), columns={"tokens": f"ndarray:uint16:{WINDOW}"}) as writer:
        for window in windows(path, source):
            writer.write({"tokens": np.ascontiguousarray(window)})


def stacked(samples: Sequence[dict[str, Any]]) -> Batch:
    return shifted(np.stack([sample["tokens"] for sample in samples]))
