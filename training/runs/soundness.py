"""Whether a checkpoint's files are what was written: every one is hashed, several at a time."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.alterations import altered_content, altered_size
from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.record import RECORD, FileEntry, Record, content_digest, files_below, read_record
from pipelines.store import Artifact

SECONDS_BETWEEN_REPORTS = 5.0

Report = Callable[[str], None]


def silently(_sentence: str) -> None:
    """Report nothing."""


def refuse_changed(checkpoint: Artifact, report: Report = silently) -> None:
    """Raise PhaselineError if a file of a checkpoint has changed since it was written."""
    changed = altered_file(checkpoint.folder, report)
    if changed:
        raise PhaselineError(
            f"{checkpoint.folder / changed} has changed since the checkpoint was written",
            f"restore it from a copy; or remove {checkpoint.folder} and every later step, then train again",
        )


def altered_file(folder: Path, report: Report = silently) -> str | None:
    """The first file of a checkpoint that is missing or whose size or SHA-256 is not the recorded one, or None.

    A record that cannot be read, or whose digest is not that of its files, is itself the altered file.

    Args:
        report: is told how far it is, where that takes more than a few seconds.
    """
    try:
        record = read_record(folder)
    except PhaselineError:
        return RECORD
    if content_digest(record.files) != record.digest:
        return RECORD
    for file in record.files:
        if altered_size(folder / file.path, file):
            return file.path
    return file_with_other_content(folder, record, report)


def file_with_other_content(folder: Path, record: Record, report: Report) -> str | None:
    """The first file of a checkpoint whose SHA-256 is not the recorded one, or None."""
    total_bytes = sum(file.num_bytes for file in record.files)
    bytes_done = 0
    reported = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda file: altered_content(folder / file.path, file), record.files)
        for file, altered in zip(record.files, found, strict=True):
            if altered:
                return file.path
            bytes_done += file.num_bytes
            if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                report(f"verifying {folder.name}: {bytes_done / 1e9:,.1f} of {total_bytes / 1e9:,.1f} GB")
    return None


def describe_checkpoint(folder: Path, num_threads: int) -> list[FileEntry]:
    """Every file of a checkpoint but its record, with size and digest, in order of path."""
    files = files_below(folder)
    with ThreadPoolExecutor(num_threads) as pool:
        digests = pool.map(file_digest, files.values())
        return [
            FileEntry(path=relative, num_bytes=path.stat().st_size, sha256=digest)
            for (relative, path), digest in zip(files.items(), digests, strict=True)
        ]
