"""Artifacts held against their records, so that nothing is made from files that were altered afterwards.

A look at each file has to be cheap, so its content is read only where the file system says that it was written after
the record, which was written last. A file that was altered and given back its old time of change is found by
``phaseline verify``, which reads everything; tokens also by the first training that reads them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.fetch.digest_cache import DigestCache
from pipelines.record import RECORD, FileEntry, Record, files_below


def refuse_altered(folder: Path, record: Record, digests: Path) -> None:
    """Raise PhaselineError if an artifact's files are not those of its record.

    Args:
        folder: the artifact's.
        digests: the file in which digests of files are remembered.
    """
    remedy = f"restore {folder} from a copy, or remove it and make {record.asset} again"
    alteration = next(alterations(folder, record, digests), None)
    if alteration is not None:
        raise PhaselineError(f"{record.asset}@{record.version} was altered: {alteration}", remedy)


def alterations(folder: Path, record: Record, digests: Path) -> Iterator[str]:
    """Each file that was added, removed or changed since an artifact was made, and how, by a look at each file."""
    yield from (f"{path} was added" for path in added_files(folder, record))
    written_ns = (folder / RECORD).stat().st_mtime_ns
    doubtful = []
    for file in record.files:
        path = folder / file.path
        if how := altered_size(path, file):
            yield f"{path} {how}"
        elif path.stat().st_mtime_ns >= written_ns:
            doubtful.append((path, file))
    if doubtful:
        with DigestCache(digests) as cache:
            for path, file in doubtful:
                if how := altered_content(path, file, cache.digest):
                    yield f"{path} {how}"


def added_files(folder: Path, record: Record) -> list[Path]:
    """The files of an artifact that its record does not list, in order of path."""
    recorded = {file.path for file in record.files}
    return [path for relative, path in files_below(folder).items() if relative not in recorded]


def altered_size(path: Path, recorded: FileEntry) -> str | None:
    """How a file is missing or of another size than its entry in a record says, or None."""
    if not path.is_file():
        return "is missing"
    num_bytes = path.stat().st_size
    if num_bytes != recorded.num_bytes:
        return f"holds {num_bytes:,} bytes instead of {recorded.num_bytes:,}"
    return None


def altered_content(path: Path, recorded: FileEntry, digest: Callable[[Path], str] = file_digest) -> str | None:
    """How a file's content differs from what its entry in a record says, or None."""
    found = digest(path)
    return None if found == recorded.sha256 else f"has SHA-256 {found[:12]} instead of {recorded.sha256[:12]}"
