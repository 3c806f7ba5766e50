"""Files in a folder of a store that fsspec knows: listed with what the store gives to tell one content from another."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast

from pipelines.errors import PhaselineError
from pipelines.fetch.inventory import UNSAFE_PATH, StoredFile
from pipelines.places import RemoteFolder
from pipelines.readers.archive import is_archive
from pipelines.readers.paths import climbs_out
from pipelines.readers.patterns import compile_patterns

# What stores call the mark of a file's content and, failing that, the time of its last change: the surest first.
MARKS = (
    "ETag",
    "etag",
    "sha",
    "blob_id",
    "mtime",
    "LastModified",
    "Last-Modified",
    "modificationTime",
    "modify",
    "created",
)
BLOCK_BYTES = 8 << 20  # are asked for at once, and held


class RemoteFiles:
    """The files below an address.

    Raises:
        PhaselineError: the address cannot be understood, or its file system is not installed.
    """

    def __init__(self, place: RemoteFolder) -> None:
        from fsspec.core import url_to_fs

        self._url = place.url
        try:
            self._system, self._root = url_to_fs(place.url, use_listings_cache=False, **place.options)
        except (ImportError, ValueError, TypeError) as error:
            raise PhaselineError(
                f"{place.url} cannot be opened: {error}", "mend url or options, or install the package that is named"
            ) from error

    def files(self, archives: Sequence[str], report: Callable[[str], None]) -> list[StoredFile]:
        """Every file in order of path, with the mark that the store gives it.

        Args:
            archives: patterns of the files that are looked into.
            report: is told what is done.

        Raises:
            PhaselineError: the store does not answer, or refuses.
        """
        looked_into = compile_patterns(archives)
        report(f"listing {self._url}")
        try:
            found = self._system.find(self._root, detail=True)
        except Exception as error:  # each store has exceptions of its own
            raise PhaselineError(
                f"{self._url} cannot be listed: {error!r}",
                "mend url or options in the declaration, or the credentials in the environment",
            ) from error
        files = []
        for name, listed in found.items():
            info = listed if listed["size"] is not None else self._system.info(name)  # a web server lists names alone
            path = name.removeprefix(self._root).removeprefix("/")
            if path and not path.endswith("/"):  # the folder itself, where it is stored as an empty file
                how, mark = (UNSAFE_PATH, "it climbs out of its folder") if climbs_out(path) else mark_of(info)
                looks_into = is_archive(path) and looked_into.match(path) is not None
                files.append(StoredFile(path, info["size"], mark, how, looks_into))
        return sorted(files, key=lambda file: file.path)

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, self._system.open(self._full(path), "rb", block_size=BLOCK_BYTES))

    def digest(self, path: str) -> str:
        """The mark of a file as it is now; raises OSError where it is gone."""
        return mark_of(self._system.info(self._full(path)))[1]

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"


def mark_of(info: Mapping[str, Any]) -> tuple[str, str]:
    """The name and the value of the surest mark in a store's account of a file; its size where there is none."""
    for name in MARKS:
        if mark := info.get(name):
            return name, str(mark.timestamp() if isinstance(mark, datetime) else mark).strip('"')
    return "num_bytes", str(info["size"])
