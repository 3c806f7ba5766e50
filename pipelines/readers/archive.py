"""Files inside zip and tar archives, read where they are: nothing is unpacked to disk."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.readers.formats import Files
from pipelines.readers.patterns import compile_patterns

BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)


@dataclass(frozen=True)
class Member:
    """One file: its path inside the archive and its bytes."""

    path: str
    data: bytes

    def open(self) -> io.BufferedIOBase:
        """Its bytes as a stream, decompressed where its name ends in .gz, .bz2 or .xz."""
        stream = io.BytesIO(self.data)
        match Path(self.path).suffix:
            case ".gz":
                return gzip.GzipFile(fileobj=stream)
            case ".bz2":
                return bz2.BZ2File(stream)
            case ".xz":
                return lzma.LZMAFile(stream)
            case _:
                return stream


@dataclass(frozen=True)
class BrokenMember:
    """A file that the archive lists and cannot give; ``num_bytes`` is the size it lists."""

    path: str
    num_bytes: int
    error: Exception


class Archive:
    """A zip (wheels too) or tar file, compressed or not."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sizes(self, files: Files) -> dict[str, int]:
        """The size in bytes of each file that a source reads, in order of path.

        Raises:
            PhaselineError: the archive cannot be read, or holds none of the files.
        """
        include, exclude = compile_patterns(files.include), compile_patterns(files.exclude)
        try:
            sizes = self._all_sizes()
        except BROKEN as error:
            raise PhaselineError(
                f"{self.path} cannot be read as an archive: {error}", "declare another version or kind of its package"
            ) from error
        selected = {path: sizes[path] for path in sorted(sizes) if include.match(path) and not exclude.match(path)}
        if not selected:
            raise PhaselineError(
                f"{self.path} has no file that matches {', '.join(files.include)}"
                + (f" and not {', '.join(files.exclude)}" if files.exclude else ""),
                "mend the source's reader.include and reader.exclude",
            )
        return selected

    def read(self, paths: Sequence[str]) -> Iterator[Member | BrokenMember]:
        """Some of the archive's files; a file that is broken stops that file alone."""
        return self._read_zip(paths) if zipfile.is_zipfile(self.path) else self._read_tar(paths)

    def read_one(self, path: str) -> bytes:
        """One file's bytes; raises PhaselineError where the archive has no such file or it is broken."""
        for member in self.read([path]):
            if isinstance(member, Member):
                return member.data
        raise PhaselineError(f"{self.path} has no readable file {path}", "mend the path in the declaration")

    def _all_sizes(self) -> dict[str, int]:
        if zipfile.is_zipfile(self.path):
            with zipfile.ZipFile(self.path) as archive:
                return {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
        with tarfile.open(self.path) as archive:
            return {info.name: info.size for info in archive if info.isfile()}

    def _read_zip(self, paths: Sequence[str]) -> Iterator[Member | BrokenMember]:
        with zipfile.ZipFile(self.path) as archive:
            names = set(archive.namelist())
            for path in paths:
                if path in names:
                    yield attempt(path, archive.getinfo(path).file_size, partial(archive.read, path))

    def _read_tar(self, paths: Sequence[str]) -> Iterator[Member | BrokenMember]:
        wanted = set(paths)
        with tarfile.open(self.path) as archive:
            for info in archive:
                if info.name in wanted and info.isfile():
                    yield attempt(info.name, info.size, partial(read_tar_member, archive, info))


def attempt(path: str, num_bytes: int, read: Callable[[], bytes]) -> Member | BrokenMember:
    try:
        return Member(path, read())
    except BROKEN as error:
        return BrokenMember(path, num_bytes, error)


def read_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    assert file is not None, f"{info.name} is a regular file"
    return file.read()
