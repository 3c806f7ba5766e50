"""Megatron: its indices built, token files mapped, and the first batch of tokens, labels, mask and positions.

Documents are 1,024 sequences long, which keeps its index of documents small: real ones are two thousand times as many.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.utils.data import default_collate

from benchmarks.growth.sparse import BATCH_SIZE, SEQUENCE_LENGTH, num_windows, token_file, write_sparse
from benchmarks.loader.megatron import blended_dataset, write_index

WINDOWS_PER_DOCUMENT = 1024


def write_input(folder: Path, num_samples: int) -> None:
    windows = num_windows(num_samples)
    write_sparse(folder, windows)
    for source, number in windows.items():
        write_index(token_file(folder, source).with_suffix(""), document_lengths(number))


def document_lengths(windows: int) -> npt.NDArray[np.int64]:
    """The tokens of documents that together fill the windows and the token after them."""
    ends = np.append(np.arange(WINDOWS_PER_DOCUMENT, windows, WINDOWS_PER_DOCUMENT), windows) * SEQUENCE_LENGTH
    ends[-1] += 1
    return np.diff(ends, prepend=0)


def start(folder: Path) -> Callable[[int], Any]:
    prefixes = sorted(file.with_suffix("") for file in folder.glob("*.bin"))
    windows = [(prefix.with_suffix(".bin").stat().st_size // 2 - 1) // SEQUENCE_LENGTH for prefix in prefixes]
    dataset = blended_dataset(prefixes, windows, by_document=False, cache=folder / "cache")
    return lambda first: default_collate([dataset[sample] for sample in range(first, first + BATCH_SIZE)])
