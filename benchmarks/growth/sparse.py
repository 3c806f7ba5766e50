"""Token files of any size that take no room on the disk: they are holes, which read as zeros."""

from pathlib import Path

SEQUENCE_LENGTH = 2048
BATCH_SIZE = 64  # samples
NUM_SOURCES = 8  # a file system holds no file of 40 TB


def num_windows(num_samples: int) -> dict[str, int]:
    """The windows of each source, of which there are so many in all, whole batches of them."""
    return {f"s{number}": num_samples // NUM_SOURCES for number in range(NUM_SOURCES)}


def token_file(folder: Path, source: str) -> Path:
    return folder / f"{source}.bin"


def write_sparse(folder: Path, windows: dict[str, int]) -> None:
    """Write the token files of sources: one token more than their windows take, uint16."""
    for source, number in windows.items():
        with token_file(folder, source).open("wb") as file:
            file.truncate(2 * (number * SEQUENCE_LENGTH + 1))
