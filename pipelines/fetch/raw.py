"""Raw data of a source's snapshot: fetched where it must be, pinned where it lies."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.fetch.digest_cache import DIGESTS, DigestCache
from pipelines.fetch.download import download
from pipelines.fetch.inventory import StoredFile, inventory_digest, write_inventory
from pipelines.fetch.local_files import LocalFiles
from pipelines.fetch.package import fetch_package
from pipelines.fetch.remote_files import RemoteFiles
from pipelines.fetch.repositories import find_repositories
from pipelines.fetch.snapshot import KEPT
from pipelines.places import Downloads, Folder, Package, Place, RemoteFolder
from pipelines.sources import Source
from pipelines.store import Draft, Outcome, Store

CODE_VERSION = "2"

Report = Callable[[str], None]


def ensure_raw(store: Store, source: Source, snapshot: str, report: Report) -> Outcome:
    """A snapshot of a source as the artifact ``raw/<source>/<snapshot>``: its inventory, and what had to be fetched.

    It is made again only where its declaration changed, or the files of a place that is read where it lies.

    Raises:
        PhaselineError: what is declared cannot be reached, is not what is declared, or holds no files.
    """
    place = source.snapshots[snapshot]
    pinned = pin(place, store, report)

    def make(draft: Draft) -> None:
        files = fetch(place, store, draft, report) if pinned is None else pinned
        write_inventory(draft.folder, files)
        not_read = [file for file in files if file.rejection]
        if not_read:
            report(f"{len(not_read):,} files are not read, the first is {not_read[0].path} ({not_read[0].how})")
        draft.facts = {
            "address": None if isinstance(place, Package | Downloads) else place.address,
            "num_files": len(files),
            "num_bytes": sum(file.num_bytes for file in files),
            "num_files_not_read": len(not_read),
            "repositories": find_repositories(place.folder) if isinstance(place, Folder) else {},
        }

    return store.ensure(
        f"raw/{source.name}/{snapshot}",
        make,
        code_version=CODE_VERSION,
        parameters={
            "snapshot": snapshot,
            "place": place_parameters(place, pinned),
            "licence": source.licence,
            "terms": source.terms,
        },
    )


def pin(place: Place, store: Store, report: Report) -> list[StoredFile] | None:
    """The files of a place that is read where it lies, as they are now; None of one whose files are fetched."""
    match place:
        case Folder():
            with DigestCache(store.root / DIGESTS) as digests:
                files = LocalFiles(place.folder, digests.digest).files(place.archives, report)
        case RemoteFolder():
            files = RemoteFiles(place).files(place.archives, report)
        case _:
            return None
    if not files:
        raise PhaselineError(
            f"the folder {place.address} holds no files", "mend the snapshot's place in the declaration"
        )
    return files


def place_parameters(place: Place, pinned: Sequence[StoredFile] | None) -> dict[str, Any]:
    """What a raw artifact depends on: what is declared to be fetched, or what was found, wherever it was found."""
    if pinned is None:
        return place.model_dump(mode="json")
    return {"inventory": inventory_digest(pinned)}


def fetch(place: Place, store: Store, draft: Draft, report: Report) -> list[StoredFile]:
    """Put the files of a place into a draft."""
    kept = draft.folder / KEPT
    kept.mkdir()
    match place:
        case Package():
            take_package(place, store, kept, report)
            archives: tuple[str, ...] = ("**",)
        case Downloads():
            take_downloads(place, draft.work, kept, report)
            archives = place.archives
    return LocalFiles(kept, file_digest).files(archives, report)


def take_package(package: Package, store: Store, folder: Path, report: Report) -> None:
    """Put a package's archive into a folder: another source's, where there is one."""
    held = archive_of_another_source(package, store)
    if held is None:
        report(f"fetching {package.package} ({package.kind})")
        fetch_package(package, folder)
    else:
        report(f"taking {held.name}, which another source has fetched")
        shutil.copy(held, folder)


def archive_of_another_source(package: Package, store: Store) -> Path | None:
    """The archive that another source of the same package has fetched, if its bytes are still the declared ones."""
    for folder in sorted(store.folder("raw").glob("*/*")):
        raw = store.latest(f"raw/{folder.parent.name}/{folder.name}")
        if raw is not None and raw.record.parameters["place"] == package.model_dump(mode="json"):
            (archive,) = raw.files(f"{KEPT}/*")
            if file_digest(archive) == package.sha256:
                return archive
    return None


def take_downloads(place: Downloads, work: Path, folder: Path, report: Report) -> None:
    """Put files from the web into a folder; what has come before one fails stays in ``work``."""
    for number, file in enumerate(place.files, start=1):
        report(f"fetching {file.url}, {number:,} of {len(place.files):,}")
        whole = download(file, work, report)
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        os.link(whole, folder / file.path)
