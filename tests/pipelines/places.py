"""Sources of text files in places that tests make, and what reading them gives."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from pipelines.fetch.raw import ensure_raw
from pipelines.fetch.snapshot import RawSnapshot, open_raw
from pipelines.places import Place
from pipelines.readers.formats import TextReader
from pipelines.readers.source_file import SourceFile
from pipelines.sources import Source
from pipelines.store import Artifact, Store

ALL = TextReader(format="text", include=("**",))


def silent(_: str) -> None:
    """No reports are wanted."""


def source_at(place: Place, snapshot: str = "1", name: str = "web_local") -> Source:
    return Source(name=name, licence="CC0-1.0", reader=ALL, snapshots={snapshot: place})


def made_raw(store: Store, place: Place) -> Artifact:
    return ensure_raw(store, source_at(place), "1", silent).artifact


def opened(store: Store, place: Place) -> RawSnapshot:
    return open_raw(store, made_raw(store, place), source_at(place))


def contents(snapshot: RawSnapshot, *paths: str) -> dict[str, bytes | str]:
    """The bytes of some files, or all, or why they are rejected."""
    files = snapshot.read(paths or list(snapshot.files(ALL)))
    return {file.path: file.read() if isinstance(file, SourceFile) else file.rejection.reason for file in files}


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
