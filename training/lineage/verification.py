"""Verification: every digest behind a manifest or a run computed again, back to the raw files."""

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipelines.alterations import added_files, altered_content, altered_size
from pipelines.digests import value_digest
from pipelines.errors import PhaselineError
from pipelines.record import RECORD, FileEntry, Parent, Record, content_digest, read_record
from pipelines.store import Store
from training.manifest import MANIFEST, BaseModelReference, Manifest
from training.runs.checkpoints import ASSETS as CHECKPOINTS
from training.runs.run import known_runs

BYTES_AT_A_TIME = 1 << 24
SECONDS_BETWEEN_REPORTS = 5.0


@dataclass(frozen=True)
class Finding:
    """Something that is not what was recorded."""

    artifact: str  # asset@version
    what: str
    remedy: str


@dataclass(frozen=True)
class Reference:
    """An artifact to look at, the digest by which ``used_by`` knew it, and who that is; None where nobody says."""

    asset: str
    version: int
    digest: str | None = None
    used_by: str | None = None

    @property
    def name(self) -> str:
        return f"{self.asset}@{self.version}"


def verify(store: Store, asset: str, version: int, run: str | None, report: Callable[[str], None]) -> Iterator[Finding]:
    """Compute the digests of an artifact and of everything it was made from; yields what changed or is missing.

    Args:
        run: the name of a run whose checkpoints, and the manifests that it follows or followed, are looked at, too.

    Raises:
        PhaselineError: an unknown run.
    """
    of_run = references_of(store, run) if run is not None else []
    return Verification(store, report).walk([Reference(asset, version), *of_run])


def references_of(store: Store, run: str) -> list[Reference]:
    """The manifests and checkpoints of a run, and the checkpoint of another that it began with, if it did.

    Raises:
        PhaselineError: an unknown run.
    """
    known = known_runs(store)
    if run not in known:
        raise PhaselineError(f"there is no run {run!r} in {store.root}", f"name one of: {', '.join(known) or 'none'}")
    manifests = [known[run].manifest, *(amendment.manifest for amendment in known[run].amendments)]
    beginning = known[run].beginning
    steps = sorted(int(path.parent.name.removeprefix("step-")) for path in checkpoint_records(store, run))
    return [
        *(reference(manifest, f"run {run}") for manifest in manifests),
        *([reference(beginning.checkpoint, f"run {run}")] if beginning else []),
        *(Reference(f"{CHECKPOINTS}{run}", step) for step in steps),
    ]


def checkpoint_records(store: Store, run: str) -> Iterator[Path]:
    return (store.root / "runs" / run / "checkpoints").glob(f"step-*/{RECORD}")


def reference(parent: Parent, used_by: str) -> Reference:
    return Reference(parent.asset, parent.version, parent.digest, used_by)


class Verification:
    """One walk over records, in which each artifact is read once."""

    def __init__(self, store: Store, report: Callable[[str], None]) -> None:
        self.store = store
        self.report = report
        self.digests: dict[str, str | None] = {}  # by artifact: its record's digest, None where it has none
        self.num_files = 0
        self.num_bytes = 0

    def walk(self, references: Sequence[Reference]) -> Iterator[Finding]:
        """Whatever is wrong with the artifacts and with all that their records name."""
        waiting = list(reversed(references))
        while waiting:
            wanted = waiting.pop()
            if wanted.name not in self.digests:
                record = yield from self.examine(wanted)
                if record is not None:
                    waiting += [reference(parent, wanted.name) for parent in record.parents[::-1]]
            found = self.digests[wanted.name]
            if found is not None and wanted.digest not in (None, found):
                yield Finding(
                    wanted.name,
                    f"has content {found[:12]}, but was {str(wanted.digest)[:12]} when {wanted.used_by} was made",
                    f"restore {self.folder(wanted)} from a copy, or make {wanted.used_by} again",
                )
        self.report(
            f"{len(self.digests):,} artifacts, {self.num_files:,} files, {self.num_bytes / 1e6:,.1f} MB were read"
        )

    def examine(self, wanted: Reference) -> Generator[Finding, None, Record | None]:
        """Read an artifact's record and files; returns the record, or None where there is none."""
        folder = self.folder(wanted)
        remedy = f"restore {folder} from a copy, or {self.again(wanted)}"
        try:
            record = read_record(folder)
        except PhaselineError as error:
            self.digests[wanted.name] = None
            yield Finding(wanted.name, error.what, remedy)
            return None
        self.digests[wanted.name] = record.digest
        if (record.asset, record.version) != (wanted.asset, wanted.version):
            yield Finding(wanted.name, f"its record is that of {record.asset}@{record.version}", remedy)
        if content_digest(record.files) != record.digest:
            yield Finding(wanted.name, f"{RECORD} was edited: the files it lists do not have its digest", remedy)
        self.report(f"{wanted.name}: {len(record.files):,} files, {size_of(record) / 1e6:,.1f} MB")
        for file in record.files:
            changed = self.change_of(folder / file.path, file)
            if changed is not None:
                yield Finding(wanted.name, f"{folder / file.path} {changed}", remedy)
        for path in added_files(folder, record):
            yield Finding(wanted.name, f"{path} was added", f"remove it, or {remedy}")
        if (folder / MANIFEST).is_file():
            for what in self.contradictions(record, folder / MANIFEST):
                yield Finding(wanted.name, what, remedy)
        return record

    def folder(self, wanted: Reference) -> Path:
        if wanted.asset.startswith(CHECKPOINTS):
            run = wanted.asset.removeprefix(CHECKPOINTS)
            return self.store.root / "runs" / run / "checkpoints" / f"step-{wanted.version}"
        return self.store.folder(wanted.asset) / str(wanted.version)

    def again(self, wanted: Reference) -> str:
        """How an artifact is made anew."""
        if wanted.asset.startswith(CHECKPOINTS):
            return "remove it and every later step, then train again"
        return f"remove it and materialise {wanted.asset} again"

    def change_of(self, path: Path, recorded: FileEntry) -> str | None:
        """How a file differs from its entry in the record, or None."""
        changed = altered_size(path, recorded)
        if changed is not None:
            return changed
        self.num_files += 1
        self.num_bytes += recorded.num_bytes
        return altered_content(path, recorded, self.digest_of)

    def digest_of(self, path: Path) -> str:
        """SHA-256 of a file, with a report every few seconds."""
        digest, num_bytes = hashlib.sha256(), path.stat().st_size
        reported = time.monotonic()
        with path.open("rb") as file:
            while block := file.read(BYTES_AT_A_TIME):
                digest.update(block)
                if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                    reported = time.monotonic()
                    self.report(f"{path.name}: {file.tell() / num_bytes:.0%} of {num_bytes / 1e9:,.1f} GB")
        return digest.hexdigest()

    def contradictions(self, record: Record, path: Path) -> Iterator[str]:
        """Where a manifest says something else than its record, or than the records of what it refers to."""
        try:
            value = json.loads(path.read_bytes())
            manifest = Manifest.model_validate(value)
        except (json.JSONDecodeError, UnicodeDecodeError, ValidationError):
            yield f"{path} cannot be read as a manifest"
            return
        if value_digest(value) != record.facts.get("manifest_digest"):
            yield f"{MANIFEST} is not the manifest whose digest its record states"
        parents = {(parent.asset, parent.version, parent.digest) for parent in record.parents}
        used = {(source.asset, source.version, source.digest) for source in manifest.sources}
        used.add((manifest.tokenizer.asset, manifest.tokenizer.version, manifest.tokenizer.digest))
        if isinstance(manifest.start, BaseModelReference):
            used.add((manifest.start.asset, manifest.start.version, manifest.start.digest))
        for asset, version, digest in sorted(used):
            if (asset, version, digest) not in parents:
                yield f"its record does not name {asset}@{version} ({digest[:12]}), which it refers to"
        for source in manifest.sources:
            if source.extents is not None and source.extents not in record.files:
                yield f"its record does not list {source.extents.path}, from which source {source.name} is read"
            shards = self.store.folder(source.asset) / str(source.version)
            if (shards / RECORD).is_file() and source.tokens_file not in read_record(shards).files:
                yield f"{source.asset}@{source.version} holds other tokens than those of source {source.name}"


def size_of(record: Record) -> int:
    return sum(file.num_bytes for file in record.files)
