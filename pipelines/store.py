"""The artifact store: immutable, versioned folders that appear whole or not at all.

An artifact is made in a draft folder beside its final place, recorded last, then renamed into it. It is made again only
where its parents, parameters or code version differ from the newest version's; the store then says what differs. Where
making takes long, it keeps what is done in the draft's work folder, with which the next attempt goes on.
"""

import errno
import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from pipelines.digests import file_digest, value_digest
from pipelines.errors import PhaselineError
from pipelines.record import Check, FileEntry, Flow, Parent, Record, content_digest, provenance

RECORD = "record.json"
DRAFT = ".draft"
EMPTY_DIGEST = content_digest([])


@dataclass(frozen=True)
class Artifact:
    """A finished folder and its record."""

    folder: Path
    record: Record

    @property
    def asset(self) -> str:
        return self.record.asset

    @property
    def digest(self) -> str:
        return self.record.digest

    @property
    def name(self) -> str:
        """How people name it: ``asset@version``."""
        return f"{self.record.asset}@{self.record.version}"

    @property
    def parent(self) -> Parent:
        """How a child's record refers to this artifact."""
        return Parent(asset=self.record.asset, version=self.record.version, digest=self.record.digest)

    def files(self, pattern: str) -> list[Path]:
        """The recorded files whose relative path matches a glob pattern, in order."""
        paths = sorted(file.path for file in self.record.files)
        return [self.folder / path for path in paths if Path(path).match(pattern)]


@dataclass
class Draft:
    """An artifact in the making: write files into ``folder`` or add those of ``work``; set flows, facts and checks."""

    folder: Path
    flows: dict[str, Flow] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def work(self) -> Path:
        """A folder for results on the way, to be created by who needs it.

        It outlives a failed or killed attempt, and is there again for the next one with the same code version,
        parameters and parents; it goes when the artifact is published, or something else is made.
        """
        return self.folder.parent / "work"

    def add(self, files: Iterable[Path]) -> None:
        """Add finished files of ``work`` under their names; they stay there too, until the artifact is published."""
        for file in files:
            os.link(file, self.folder / file.name)


@dataclass(frozen=True)
class Outcome:
    """A made or current artifact. ``changes`` says why it was made, a sentence each; empty when it was current.

    ``newer_parents`` says which parents have changed since a kept artifact was made.
    """

    artifact: Artifact
    changes: list[str]
    newer_parents: list[str] = field(default_factory=list)


class NotCurrentError(Exception):
    """Raised instead of making something, by a store that only looks. ``changes`` says why it would be made."""

    def __init__(self, asset: str, changes: list[str]) -> None:
        super().__init__(f"{asset} is not current: {'; '.join(changes)}")
        self.asset = asset
        self.changes = changes


class Validator(Protocol):
    """What examines a draft before it is published; the outcomes go into its record."""

    def digest(self, asset: str) -> str | None:
        """The digest of the expectations that hold for an asset, or None where there are none."""

    def validate(self, asset: str, draft: Draft) -> list[Check]:
        """The outcome of every expectation for an asset's draft."""


class Store:
    """All artifacts under one root: ``root/artifacts/<asset>/<version>/``.

    An artifact that fails a blocking check is published, so that a person can look at it, but nothing is made from it.
    A store that only looks finds what is current and makes nothing.
    """

    def __init__(self, root: Path, validator: Validator | None = None, *, only_look: bool = False) -> None:
        self.root = root
        self.validator = validator
        self.only_look = only_look

    def folder(self, asset: str) -> Path:
        return self.root / "artifacts" / asset

    def versions(self, asset: str) -> list[int]:
        """The finished versions of an asset, ascending."""
        folder = self.folder(asset)
        if not folder.is_dir():
            return []
        return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit() and (path / RECORD).is_file())

    def latest(self, asset: str) -> Artifact | None:
        """The newest finished version of an asset, or None."""
        versions = self.versions(asset)
        return self.get(asset, versions[-1]) if versions else None

    def require(self, asset: str) -> Artifact:
        """The newest finished version of an asset; raises PhaselineError where there is none."""
        artifact = self.latest(asset)
        if artifact is None:
            raise PhaselineError(f"{asset} has not been made in {self.root}", "materialise it first")
        return artifact

    def get(self, asset: str, version: int) -> Artifact:
        """One version of an asset; raises PhaselineError where it is missing or its record cannot be read."""
        folder = self.folder(asset) / str(version)
        return Artifact(folder, read_record(folder))

    def find(self, parent: Parent) -> Artifact:
        """The artifact that a record names as its parent; raises PhaselineError if its content is another's."""
        artifact = self.get(parent.asset, parent.version)
        if artifact.digest != parent.digest:
            raise PhaselineError(
                f"{artifact.name} has content {artifact.digest[:12]}, but was {parent.digest[:12]} when it was used",
                f"restore {artifact.folder} from a copy, or remove it and materialise {parent.asset} again",
            )
        return artifact

    def ensure(
        self,
        asset: str,
        make: Callable[[Draft], None],
        *,
        code_version: str,
        parameters: Mapping[str, Any],
        parents: Sequence[Artifact] = (),
        keep: bool = False,
    ) -> Outcome:
        """Return the newest version of an asset if it is current, else make and publish the next version.

        Args:
            asset: the asset's name, with ``/`` between its parts.
            make: writes the artifact's files into the draft it is given and fills in flows, facts and checks.
            code_version: bumped by a person when the meaning of the output changes.
            parameters: everything else the content depends on, in JSON's types.
            parents: the artifacts it is made from.
            keep: stay with the newest version where only its parents have changed, as what was fitted to data must: it
                is what later data is measured by, until a person changes its parameters.

        Raises:
            PhaselineError: a parent failed a blocking check, another process is making this asset, the disk is full,
                or whatever ``make`` raises. Nothing of the draft is left but its work folder.
            NotCurrentError: the asset would be made, but the store only looks.
        """
        for parent in parents:
            refuse_unsound(parent)
        parameters = dict(parameters)
        expectations = self.validator.digest(asset) if self.validator else None
        if expectations:
            parameters["expectations"] = expectations
        references = [parent.parent for parent in parents]
        latest = self.latest(asset)
        changes = own_differences(latest, code_version, parameters)
        newer_parents = parent_differences(latest, references)
        if latest is not None and not changes and (keep or not newer_parents):
            return Outcome(latest, [], newer_parents)
        changes += newer_parents
        self.begin(asset, changes)
        with self._locked(asset):
            version = (self.versions(asset) or [0])[-1] + 1
            draft = self._draft(asset, identity(code_version, parameters, references))
            try:
                started = time.monotonic()
                make(draft)
                if self.validator and expectations:
                    draft.checks += self.validator.validate(asset, draft)
                files = list(describe_files(draft.folder))
                record = Record(
                    asset=asset,
                    version=version,
                    digest=content_digest(files),
                    code_version=code_version,
                    parameters=parameters,
                    parents=references,
                    flows=draft.flows,
                    files=files,
                    checks=draft.checks,
                    facts=draft.facts,
                    provenance=provenance(time.monotonic() - started),
                )
                write_record(draft.folder, record)
                final = self.folder(asset) / str(version)
                draft.folder.rename(final)
                shutil.rmtree(draft.work, ignore_errors=True)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise disk_full(asset, self.root) from error
                raise
            finally:
                shutil.rmtree(draft.folder, ignore_errors=True)
                if not draft.work.exists():
                    shutil.rmtree(self.folder(asset) / DRAFT)
        return Outcome(Artifact(final, record), changes)

    def begin(self, asset: str, changes: list[str]) -> None:
        """To be called before something is made; raises NotCurrentError where the store only looks."""
        if self.only_look:
            raise NotCurrentError(asset, changes)

    def _draft(self, asset: str, of: str) -> Draft:
        """An empty draft of an identity, beside what its last attempt did. The lock proves that nobody writes there."""
        drafts = self.folder(asset) / DRAFT
        drafts.mkdir(parents=True, exist_ok=True)
        for other in drafts.iterdir():
            if other.name != of:
                shutil.rmtree(other)
        draft = Draft(drafts / of / "files")
        shutil.rmtree(draft.folder, ignore_errors=True)  # left by a killed process
        draft.folder.mkdir(parents=True)
        return draft

    @contextmanager
    def _locked(self, asset: str) -> Iterator[None]:
        folder = self.folder(asset)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock", f"{asset} in {self.root}"):
            yield


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold an exclusive lock on a file; raises PhaselineError naming the holder where another process has it."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise PhaselineError(f"{what} is being made by {holder}", "wait until it ends, or stop it") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
        file.truncate(0)


def refuse_unsound(artifact: Artifact) -> None:
    """Raise PhaselineError if an artifact failed a blocking check."""
    if any(check.blocks for check in artifact.record.checks):
        raise unsound(artifact)


def unsound(artifact: Artifact) -> PhaselineError:
    """The message for an artifact that failed blocking checks."""
    failed = ", ".join(f"{check.name} ({check.detail})" for check in artifact.record.checks if check.blocks)
    return PhaselineError(
        f"{artifact.name} failed {failed}",
        f"mend what the check names, then materialise {artifact.asset} again; its files are in {artifact.folder}",
    )


def identity(code_version: str, parameters: dict[str, Any], parents: list[Parent]) -> str:
    """The digest of all that an artifact's content depends on, cut to what a folder's name needs."""
    return value_digest([code_version, parameters, [[parent.asset, parent.digest] for parent in parents]])[:16]


def own_differences(latest: Artifact | None, code_version: str, parameters: dict[str, Any]) -> list[str]:
    """Why the newest version is not current, but for its parents, a sentence each."""
    if latest is None:
        return ["it did not exist"]
    record = latest.record
    changes = []
    if any(check.blocks for check in record.checks):
        changes.append("the last version failed a blocking check")
    if record.code_version != code_version:
        changes.append(f"code version {record.code_version} → {code_version}")
    return changes + parameter_differences("", record.parameters, parameters)


def parent_differences(latest: Artifact | None, parents: list[Parent]) -> list[str]:
    """Which parents the newest version was not made from, and the other way round, a sentence each."""
    if latest is None:
        return []
    before = {parent.asset: parent.digest for parent in latest.record.parents}
    after = {parent.asset: parent.digest for parent in parents}
    return [
        f"{asset} {before.get(asset, 'absent')[:12]} → {after.get(asset, 'absent')[:12]}"
        for asset in sorted(before.keys() | after.keys())
        if before.get(asset) != after.get(asset)
    ]


def parameter_differences(prefix: str, before: Any, after: Any) -> list[str]:
    """The fields in which two JSON values differ, by dotted path."""
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        before, after = dict(enumerate(before)), dict(enumerate(after))
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            change
            for key in sorted(before.keys() | after.keys())
            for change in parameter_differences(f"{prefix}{key}.", before.get(key), after.get(key))
        ]
    return [] if before == after else [f"{prefix.rstrip('.')} {shortened(before)} → {shortened(after)}"]


def shortened(value: Any) -> str:
    """A value in a sentence: digests by their beginning."""
    return value[:12] if isinstance(value, str) and len(value) == len(EMPTY_DIGEST) else repr(value)


def describe_files(folder: Path) -> Iterator[FileEntry]:
    """Every file below a folder but its record, with size and digest, in order of path."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        relative = path.relative_to(folder).as_posix()
        if relative != RECORD:
            yield FileEntry(path=relative, num_bytes=path.stat().st_size, sha256=file_digest(path))


def write_record(folder: Path, record: Record) -> None:
    """Write a record whole: beside its place, flushed to disk, then renamed."""
    beside = folder / f"{RECORD}.part"
    with beside.open("w") as file:
        file.write(record.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    beside.rename(folder / RECORD)


def read_record(folder: Path) -> Record:
    """Read an artifact's record; raises PhaselineError where it is missing or unreadable."""
    path = folder / RECORD
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise PhaselineError(f"there is no artifact at {folder}", "materialise it, or name another version") from None
    except ValidationError as error:
        raise PhaselineError(f"{path} is not a record: {error}", "restore it, or remove its folder") from error


def disk_full(asset: str, root: Path) -> PhaselineError:
    """The message for a disk that filled up while an asset was made."""
    return PhaselineError(
        f"the disk that holds {root} is full; {asset} was not made, nothing half-written counts",
        "free space there or set PHASELINE_HOME to another disk, then run the same command again",
    )
