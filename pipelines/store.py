"""The artifact store: immutable, versioned folders that appear whole or not at all.

An artifact is made in a draft folder beside its final place, recorded last, then renamed into it. It is made again only
where its parents, parameters or code version differ from the newest version's; the store then says what differs. Where
making takes long, it keeps what is done in the draft's work folder, with which the next attempt goes on.
"""

import errno
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pipelines.alterations import refuse_altered
from pipelines.artifact import Artifact, promotable_failures, refuse_unsound
from pipelines.differences import EXPECTATIONS, identity, own_differences, parent_differences
from pipelines.draft import Draft, discard, empty_folder
from pipelines.errors import PhaselineError
from pipelines.fetch.digest_cache import DIGESTS
from pipelines.locks import locked
from pipelines.promotion import Promotion, write_promotion
from pipelines.record import (
    RECORD,
    Check,
    Parent,
    Record,
    code_revision,
    content_digest,
    describe_files,
    provenance,
    read_record,
    write_record,
)

DRAFTS = ".draft"  # the folder of an asset's drafts, beside its versions


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

    def checks(self, asset: str) -> Mapping[str, bool]:
        """The checks that an asset will have, by name: True for those that block what is downstream."""

    def digest(self, asset: str) -> str | None:
        """The digest of what is expected of an asset, another one of which makes it anew; None where nothing is."""

    def validate(self, asset: str, draft: Draft) -> list[Check]:
        """The outcome of every check of an asset's draft."""


class Store:
    """All artifacts under one root: ``root/artifacts/<asset>/<version>/``.

    An artifact that fails a blocking check is published, so that a person can look at it, but nothing is made from it,
    unless the failures are such as a person may accept, and one has: the artifact is promoted, and sound from then on.
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
            keep: stay with the newest version where only its parents, or what is expected of it, have changed, as what
                was fitted to data must: it is what later data is measured by, until a person changes its parameters.

        Raises:
            PhaselineError: a parent failed a blocking check that nobody accepted, or was altered; another process is
                making this asset, the disk is full, or whatever ``make`` raises. Nothing of the draft is left but its
                work folder.
            NotCurrentError: the asset would be made, or waits for a promotion, but the store only looks.
        """
        for parent in parents:
            refuse_unsound(parent)
        recorded: dict[str, Any] = json.loads(json.dumps(parameters))  # as a record will hold them
        expectations = self.validator.digest(asset) if self.validator else None
        if expectations:
            recorded[EXPECTATIONS] = expectations
        references = [parent.parent for parent in parents]
        latest = self.latest(asset)
        if latest is None:
            changes = ["it did not exist"]
        else:
            failures = latest.failures()
            changes = own_differences(latest.record, failures, code_version, recorded, keep=keep)
            newer_parents = parent_differences(latest.record, references)
            if not changes and (not newer_parents or (keep and not failures)):
                if failures:
                    self.begin(asset, [f"{latest.name} waits for a promotion"])
                return Outcome(latest, [], newer_parents)
            changes += newer_parents
        self.begin(asset, changes)
        for parent in parents:
            refuse_altered(parent.folder, parent.record, self.root / DIGESTS)
        with self._locked(asset):
            if self.latest(asset) == latest:
                return Outcome(self._make(asset, make, code_version, recorded, parents), changes)
        return self.ensure(  # another process has published a version in the meantime
            asset, make, code_version=code_version, parameters=parameters, parents=parents, keep=keep
        )

    def _make(
        self,
        asset: str,
        make: Callable[[Draft], None],
        code_version: str,
        parameters: dict[str, Any],
        parents: Sequence[Artifact],
    ) -> Artifact:
        """Make and publish the next version of an asset; the lock is held."""
        references = [parent.parent for parent in parents]
        draft = Draft(
            empty_folder(self.folder(asset) / DRAFTS, identity(code_version, parameters, references)),
            parameters=parameters,
            parents=parents,
            version=self._next_version(asset),
        )
        try:
            started = time.monotonic()
            make(draft)
            if self.validator and self.validator.checks(asset):
                draft.checks += self.validator.validate(asset, draft)
            files = list(describe_files(draft.folder))
            record = Record(
                asset=asset,
                version=draft.version,
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
            return self._publish(draft, record)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise disk_full(asset, self.root) from error
            raise
        finally:
            discard(draft)

    def _next_version(self, asset: str) -> int:
        """One more than that of any folder there is, finished or not."""
        return 1 + max((int(path.name) for path in self.folder(asset).iterdir() if path.name.isdigit()), default=0)

    def promoted(self, asset: str) -> Artifact | None:
        """The newest version of an asset that is sound, by its checks or because a person took it; or None."""
        artifacts = (self.get(asset, version) for version in reversed(self.versions(asset)))
        return next((artifact for artifact in artifacts if not artifact.failures()), None)

    def promote(self, artifact: Artifact, *, who: str, why: str) -> Promotion:
        """Record that a person takes an artifact although it failed checks.

        Raises:
            PhaselineError: it needs no promotion, or failed what nobody may accept; no reason is given; another process
                is making the asset.
        """
        accepted = tuple(promotable_failures(artifact))
        if not why.strip():
            raise PhaselineError(f"nobody says why {artifact.name} is taken", 'say it with --why "..."')
        promotion = Promotion(
            asset=artifact.asset,
            version=artifact.record.version,
            digest=artifact.digest,
            accepted=accepted,
            who=who,
            why=why.strip(),
            promoted_at=datetime.now(UTC).isoformat(timespec="seconds"),
            code=code_revision(),
        )
        with self._locked(artifact.asset):
            write_promotion(artifact.folder, promotion)
        return promotion

    def begin(self, asset: str, changes: list[str]) -> None:
        """To be called before something is made; raises NotCurrentError where the store only looks."""
        if self.only_look:
            raise NotCurrentError(asset, changes)

    def _publish(self, draft: Draft, record: Record) -> Artifact:
        """Put a finished draft into its final place."""
        write_record(draft.folder, record)
        final = self.folder(record.asset) / str(record.version)
        draft.folder.rename(final)
        shutil.rmtree(draft.work, ignore_errors=True)
        return Artifact(final, record)

    @contextmanager
    def _locked(self, asset: str) -> Iterator[None]:
        folder = self.folder(asset)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock", f"{asset} in {self.root}"):
            yield


def disk_full(asset: str, root: Path) -> PhaselineError:
    """The message for a disk that filled up while an asset was made."""
    return PhaselineError(
        f"the disk that holds {root} is full; {asset} was not made, nothing half-written counts",
        "free space there or set PHASELINE_HOME to another disk, then run the same command again",
    )
