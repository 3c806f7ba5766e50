"""A snapshot of a source, opened for reading: which files it has, and some of them as streams."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.errors import PhaselineError
from pipelines.fetch.digest_cache import DIGESTS, DigestCache
from pipelines.fetch.inventory import StoredFile, find_in_inventory, read_inventory
from pipelines.fetch.local_files import LocalFiles
from pipelines.fetch.remote_files import RemoteFiles
from pipelines.fetch.repositories import repository_of
from pipelines.places import Folder, Package, Place, RemoteFolder
from pipelines.readers.archive import Archive, is_tar
from pipelines.readers.formats import Files
from pipelines.readers.patterns import compile_patterns
from pipelines.readers.source_file import BROKEN, UNREACHABLE, RejectedFile, SourceFile, rejection_of
from pipelines.rejection import Rejection
from pipelines.sources import Source
from pipelines.store import Artifact, Store

KEPT = "files"  # the folder of what an artifact holds itself


class ChangedWhileReadError(Exception):
    """A file was not the same when it had been read as when it was pinned."""


def open_raw(store: Store, raw: Artifact, source: Source) -> "RawSnapshot":
    """A raw artifact of a source, opened for reading."""
    place = source.snapshots[raw.record.parameters["snapshot"]]
    return RawSnapshot(raw.folder, place, store.root / DIGESTS, raw.record.facts["repositories"])


class RawSnapshot:
    """The files of a snapshot as they were when it was pinned, those inside archives that are looked into among them.

    Args:
        folder: the raw artifact's.
        place: where the snapshot lies.
        digests: the file in which digests of local files are remembered.
        repositories: the git checkouts in it, by folder.
    """

    def __init__(
        self, folder: Path, place: Place, digests: Path, repositories: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._folder = folder
        self._place = place
        self._digests = digests
        self._repositories = repositories

    def __reduce__(self) -> tuple[type["RawSnapshot"], tuple[Any, ...]]:
        """What it was made from alone: it crosses to worker processes, and open connections do not."""
        return type(self), (self._folder, self._place, self._digests, self._repositories)

    def files(self, files: Files) -> dict[str, int]:
        """The size in bytes of each file that a source reads, in order of path.

        An archive that breaks off is among them, with whatever of its members could be listed.

        Raises:
            PhaselineError: there is none of these files, or a package is no readable archive.
        """
        include, exclude = compile_patterns(files.include), compile_patterns(files.exclude)
        sizes: dict[str, int] = {}
        for path, num_bytes in self._listed(lambda path: bool(include.match(path)) and not exclude.match(path)):
            sizes.setdefault(path, num_bytes)
        if not sizes:
            raise PhaselineError(
                f"{self._name} has no file that matches {', '.join(files.include)}"
                + (f" and not {', '.join(files.exclude)}" if files.exclude else ""),
                "mend the source's reader.include and reader.exclude",
            )
        return {path: sizes[path] for path in sorted(sizes)}

    def paths(self, wanted: Callable[[str], bool]) -> list[str]:
        """The paths of the files that satisfy a condition, sorted."""
        return sorted({path for path, _ in self._listed(wanted)})

    def unit(self, path: str) -> str:
        """What has to be read in one go to read a file: the tar archive that it is in, or the file alone."""
        stored = self._stored_path(path)
        return stored if is_tar(stored) else path

    def read(self, paths: Sequence[str]) -> Iterator[SourceFile | RejectedFile]:
        """Some of the files, each to be read before the next is asked for.

        Files of an archive stand together in ``paths``. A file that is no longer what was pinned is rejected.

        Raises:
            ChangedWhileReadError: what has been read was no longer what was pinned. Whoever reads starts again, without
                what has come so far; the file is then rejected.
        """
        entries = find_in_inventory(self._folder, {self._stored_path(path) for path in paths})
        for stored_path, in_it in groupby(paths, self._stored_path):
            yield from self._read_stored(entries[stored_path], list(in_it))

    def find(self, path: str) -> SourceFile | None:
        """A file by its path, to be read at any time; None where the snapshot has none, or none that can be read.

        Raises:
            TooLargeError: it is a member of an archive and holds more than ``MOST_BYTES``.
        """
        stored_path = self._stored_path(path)
        stored = find_in_inventory(self._folder, {stored_path}).get(stored_path)
        if stored is None or self._rejection(stored):
            return None
        if not stored.is_archive:
            return self._stored_file(stored)
        for member in self._archive(stored).read([path]):
            if isinstance(member, SourceFile):
                return member.held()
        return None

    def repository(self, path: str) -> str | None:
        """The address of the git repository that a file was checked out from, if it was."""
        return repository_of(path, self._repositories)

    def _changed(self, stored: StoredFile) -> str | None:
        """How a stored file differs from what was pinned; None where it does not."""
        try:
            digest = self._files.digest(stored.path)
        except FileNotFoundError:
            return "it is gone"
        return None if digest == stored.digest else f"{stored.how} {stored.digest} → {digest}"

    def _listed(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
        for stored in read_inventory(self._folder):
            if stored.is_archive:
                yield from self._members(stored, wanted)
            elif wanted(stored.path):
                yield stored.path, stored.num_bytes

    def _members(self, stored: StoredFile, wanted: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
        try:
            for path, num_bytes in self._archive(stored).sizes():
                if wanted(path):
                    yield path, num_bytes
        except UNREACHABLE:
            raise
        except BROKEN as error:
            if isinstance(self._place, Package):
                raise PhaselineError(
                    f"{stored.path} cannot be read as an archive: {error}",
                    "declare another version or kind of its package",
                ) from error
            yield stored.path, stored.num_bytes

    def _read_stored(self, stored: StoredFile, paths: Sequence[str]) -> Iterator[SourceFile | RejectedFile]:
        """Some files of one stored file: itself, or members of it."""
        if rejection := self._rejection(stored):
            for path in paths:
                yield RejectedFile(path, stored.num_bytes if path == stored.path else 0, rejection)
            return
        if stored.is_archive:
            yield from self._read_members(stored, paths)
        else:
            yield self._stored_file(stored)
        if changed := self._changed(stored):
            raise ChangedWhileReadError(f"{stored.path} changed while it was read: {changed}")

    def _read_members(self, stored: StoredFile, paths: Sequence[str]) -> Iterator[SourceFile | RejectedFile]:
        try:
            yield from self._archive(stored).read(paths)
        except UNREACHABLE:
            raise
        except BROKEN as error:
            if stored.path not in paths:
                raise
            yield RejectedFile(stored.path, stored.num_bytes, rejection_of(error))

    def _rejection(self, stored: StoredFile) -> Rejection | None:
        if stored.rejection:
            return stored.rejection
        changed = self._changed(stored)
        return Rejection("changed_while_read", changed) if changed else None

    def _archive(self, stored: StoredFile) -> Archive:
        return Archive(self._stored_file(stored), "" if isinstance(self._place, Package) else f"{stored.path}/")

    def _stored_file(self, stored: StoredFile) -> SourceFile:
        return SourceFile(stored.path, stored.num_bytes, partial(self._files.open, stored.path))

    def _stored_path(self, path: str) -> str:
        """The path of the stored file that a file is, or is a member of."""
        if isinstance(self._place, Package):
            (archive,) = self._archives
            return archive
        parts = path.split("/")
        folders = ("/".join(parts[:end]) for end in range(1, len(parts)))
        return next((folder for folder in folders if folder in self._archives), path)

    @property
    def _name(self) -> str:
        """How people know it: the name and version of its artifact."""
        return "/".join(self._folder.parts[-4:])

    @cached_property
    def _archives(self) -> frozenset[str]:
        return frozenset(stored.path for stored in read_inventory(self._folder) if stored.is_archive)

    @cached_property
    def _files(self) -> LocalFiles | RemoteFiles:
        match self._place:
            case RemoteFolder():
                return RemoteFiles(self._place)
            case Folder():
                root = self._place.folder
            case _:
                root = self._folder / KEPT
        return LocalFiles(root, DigestCache(self._digests).digest)
