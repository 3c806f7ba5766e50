"""The input: token files of four sources, and where their documents end. The same bytes on every machine."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

SEQUENCE_LENGTH = 2048
BATCH_SIZE = 64  # sequences
WINDOWS = {"web": 24_576, "code": 12_288, "math": 8_192, "wiki": 4_096}  # sequences in each source
NUM_PARTS = 192
BATCHES_PER_PART = sum(WINDOWS.values()) // (NUM_PARTS * BATCH_SIZE)
TOKENS_PER_PART = BATCHES_PER_PART * BATCH_SIZE * SEQUENCE_LENGTH

END_OF_TEXT = 0
PADDING = 1  # stands nowhere in the input
VOCAB_SIZE = 50_000
MEDIAN_DOCUMENT = 400  # tokens; log-normal, so the mean is twice that
SPREAD = 1.2
SEED = 7

Tokens = npt.NDArray[np.uint16]


def write_corpus(folder: Path) -> None:
    """Write one token file a source: random tokens, one more than its windows take, each document ended."""
    folder.mkdir()
    random = np.random.default_rng(SEED)
    for source, num_windows in WINDOWS.items():
        num_tokens = num_windows * SEQUENCE_LENGTH + 1
        tokens = random.integers(PADDING + 1, VOCAB_SIZE, num_tokens, dtype=np.uint16)
        lengths = np.ceil(random.lognormal(np.log(MEDIAN_DOCUMENT), SPREAD, num_tokens // 100)).astype(np.int64)
        ends = np.cumsum(lengths)
        tokens[ends[ends < num_tokens] - 1] = END_OF_TEXT
        tokens[-1] = END_OF_TEXT
        tokens.tofile(token_file(folder, source))


def token_file(folder: Path, source: str) -> Path:
    """Where a source's tokens lie: little-endian uint16, nothing else."""
    return folder / f"{source}.bin"


def read_tokens(folder: Path, source: str) -> Tokens:
    """The tokens of a source, memory-mapped."""
    return np.memmap(token_file(folder, source), np.uint16, mode="r")


def document_lengths(folder: Path, source: str) -> npt.NDArray[np.int64]:
    """The tokens of each document of a source, its end-of-text token included."""
    ends = np.flatnonzero(read_tokens(folder, source) == END_OF_TEXT) + 1
    return np.diff(ends, prepend=0)
