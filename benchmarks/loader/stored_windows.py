"""Windows cut once, with the label's token: what libraries take that store samples rather than streams of tokens."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.loader.batches import Batch
from benchmarks.loader.corpus import SEQUENCE_LENGTH, Tokens, read_tokens

WINDOW = SEQUENCE_LENGTH + 1  # neighbours share a token


def windows(path: Path, source: str) -> Tokens:
    """The windows of a source, shape (num_windows, 2049): a view of its tokens."""
    return np.lib.stride_tricks.sliding_window_view(read_tokens(path, source), WINDOW)[::SEQUENCE_LENGTH]


def shifted(stored: npt.NDArray[np.uint16]) -> Batch:
    """Tokens and labels of a batch of windows: views of one int64 array."""
    tokens = stored.astype(np.int64)
    return Batch(tokens[:, :-1], tokens[:, 1:])
