"""What an artifact's record says: parents, parameters, what went in and out, files, checks, and the code's origin."""

import functools
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.digests import file_digest, value_digest
from pipelines.errors import PhaselineError

RECORD = "record.json"


class Entry(BaseModel):
    """A part of a record: immutable, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(Entry):
    """One file of an artifact; ``path`` is relative to the artifact's folder."""

    path: str
    num_bytes: int
    sha256: str


class Parent(Entry):
    """An artifact that this one was made from. Identity is the digest; the version is its name for people."""

    asset: str
    version: int
    digest: str


class Flow(Entry):
    """Where everything that came in went, in one unit (documents or bytes)."""

    num_in: int
    num_kept: int
    dropped: dict[str, int] = Field(default_factory=dict)

    @property
    def num_lost(self) -> int:
        """What is neither kept nor dropped for a reason: zero, or the asset is wrong."""
        return self.num_in - self.num_kept - sum(self.dropped.values())


class Check(Entry):
    """The outcome of one validation. A failed check of severity ``error`` blocks everything downstream.

    A person may accept the failure of a ``promotable`` one: that of a check on what is unusual, not on what is wrong.
    """

    name: str
    passed: bool
    severity: Literal["error", "warn"] = "error"
    detail: str = ""
    promotable: bool = False

    @property
    def blocks(self) -> bool:
        return not self.passed and self.severity == "error"


class Provenance(Entry):
    """Where the code came from, and when it ran; no part of any digest."""

    created_at: str
    code: str
    seconds: float


class Record(Entry):
    """Written last into an artifact's folder. A folder without one does not exist.

    ``digest`` covers the files alone (relative path, size, SHA-256): the same bytes have the same digest, wherever and
    whenever they were made.
    """

    asset: str
    version: int
    digest: str
    code_version: str
    parameters: dict[str, Any]
    parents: list[Parent]
    flows: dict[str, Flow]
    files: list[FileEntry]
    checks: list[Check]
    facts: dict[str, Any]
    provenance: Provenance


def content_digest(files: list[FileEntry]) -> str:
    """The digest of an artifact's content: SHA-256 over the sorted (path, size, SHA-256) of its files."""
    return value_digest(sorted([file.path, file.num_bytes, file.sha256] for file in files))


def describe_files(folder: Path) -> Iterator[FileEntry]:
    """Every file below a folder but its record, with size and digest, in order of path."""
    for relative, path in files_below(folder).items():
        yield FileEntry(path=relative, num_bytes=path.stat().st_size, sha256=file_digest(path))


def files_below(folder: Path) -> dict[str, Path]:
    """Every file below a folder but its record by relative path, in order of path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    return {relative: path for relative, path in files.items() if relative != RECORD}


def write_record(folder: Path, record: Record) -> None:
    """Write an artifact's record whole into its folder."""
    write_whole(folder / RECORD, record)


def write_whole(path: Path, entry: Entry) -> None:
    """Write an entry as JSON: beside its place, flushed to disk, then renamed."""
    beside = path.with_name(f"{path.name}.part")
    with beside.open("w", encoding="utf-8") as file:
        file.write(entry.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def read_record(folder: Path) -> Record:
    """Read an artifact's record; raises PhaselineError where it is missing or unreadable."""
    path = folder / RECORD
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise PhaselineError(f"there is no artifact at {folder}", "materialise it, or name another version") from None
    except ValidationError as error:
        raise PhaselineError(f"{path} is not a record: {error}", "restore it, or remove its folder") from error


def provenance(seconds: float) -> Provenance:
    """The present moment and code revision."""
    return Provenance(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"), code=code_revision(), seconds=round(seconds, 3)
    )


@functools.cache
def code_revision() -> str:
    """The git commit of this code, with ``+changes`` for an altered tree; ``unknown`` outside a git checkout."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return "unknown"
    git = functools.partial(subprocess.run, cwd=folder, capture_output=True, text=True, check=False)
    commit = git(["git", "rev-parse", "HEAD"]).stdout.strip()
    changes = git(["git", "status", "--porcelain", "--untracked-files=no"]).stdout.strip()
    return f"{commit or 'unknown'}{'+changes' if changes else ''}"
