"""Files inside zip and tar archives, read where they are: nothing is unpacked to disk."""

import stat
import tarfile
import zipfile
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipelines.readers.decompress import BombError, refuse_bomb
from pipelines.readers.paths import clean_path, climbs_out
from pipelines.readers.source_file import RejectedFile, SourceFile, rejection_of
from pipelines.rejection import Rejection

ZIPS = (".zip", ".whl")
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
ENCRYPTED = 0x1  # of a zip member's flags (APPNOTE.TXT, section 4.4.4)


def is_archive(path: str) -> bool:
    """Whether a file's name is that of an archive that can be looked into."""
    return path.endswith((*ZIPS, *TARS))


def is_tar(path: str) -> bool:
    """Whether a file's name is that of an archive that has to be read from its beginning."""
    return path.endswith(TARS)


@dataclass(frozen=True)
class Archive:
    """A zip (wheels too) or tar file, compressed or not.

    Args:
        file: the archive itself.
        prefix: what stands before the paths of its members.
    """

    file: SourceFile
    prefix: str

    def sizes(self) -> Iterator[tuple[str, int]]:
        """The path and size in bytes of each member that is no folder; raises one of ``BROKEN`` where it breaks off."""
        if is_tar(self.file.path):
            with self._tar() as tar:
                for info in tar_members(tar):
                    yield self.path(info.name), info.size
        else:
            with self._zip() as archive:
                for member in zip_members(archive):
                    yield self.path(member.filename), member.file_size

    def read(self, paths: Sequence[str]) -> Iterator[SourceFile | RejectedFile]:
        """Some of the members, each to be read before the next is asked for; raises as ``sizes`` does.

        Of several members with the same path the first counts.
        """
        wanted = set(paths)
        members = self._read_tar if is_tar(self.file.path) else self._read_zip
        for member in members(wanted):
            wanted.remove(member.path)
            yield member
            if not wanted:
                break

    def path(self, name: str) -> str:
        """Where a member stands in the source."""
        return self.prefix + clean_path(name)

    def _read_tar(self, wanted: Set[str]) -> Iterator[SourceFile | RejectedFile]:
        with self._tar() as tar:
            for info in tar_members(tar):
                path = self.path(info.name)
                if path in wanted:
                    yield member(path, info.size, partial(tar.extractfile, info), tar_rejection(info))

    def _read_zip(self, wanted: Set[str]) -> Iterator[SourceFile | RejectedFile]:
        with self._zip() as archive:
            for info in zip_members(archive):
                path = self.path(info.filename)
                if path in wanted:
                    yield member(path, info.file_size, partial(archive.open, info), zip_rejection(info))

    @contextmanager
    def _tar(self) -> Iterator[tarfile.TarFile]:
        with self.file.open() as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            yield tar

    @contextmanager
    def _zip(self) -> Iterator[zipfile.ZipFile]:
        with self.file.open_stored() as stream, zipfile.ZipFile(stream) as archive:
            yield archive


def member(path: str, num_bytes: int, opener: Any, rejection: Rejection | None) -> SourceFile | RejectedFile:
    return RejectedFile(path, num_bytes, rejection) if rejection else SourceFile(path, num_bytes, opener)


def zip_members(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    return (info for info in archive.infolist() if not info.is_dir())


def tar_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members that are no folders, in order of the file; raises ReadError where it ends without its end mark."""
    while info := tar.next():
        tar.members.clear()  # type: ignore[attr-defined]  # a list of all members, which nobody asks for
        if not info.isdir():
            yield info
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("the archive breaks off")


def zip_rejection(info: zipfile.ZipInfo) -> Rejection | None:
    """Why a member of a zip file is not read."""
    if climbs_out(info.filename):
        return Rejection("unsafe_path", info.filename)
    if stat.S_ISLNK(info.external_attr >> 16):
        return Rejection("link", "a symbolic link")
    if info.flag_bits & ENCRYPTED:
        return Rejection("unreadable_file", "encrypted")
    try:
        refuse_bomb(info.file_size, info.compress_size)
    except BombError as error:
        return rejection_of(error)
    return None


def tar_rejection(info: tarfile.TarInfo) -> Rejection | None:
    """Why a member of a tar file is not read. A sparse one may claim any size, at no cost to who wrote it."""
    if climbs_out(info.name):
        return Rejection("unsafe_path", info.name)
    if info.issym() or info.islnk():
        return Rejection("link", f"to {info.linkname}")
    if not info.isreg() or info.sparse is not None:
        return Rejection("unreadable_file", "a device, a pipe or a sparse file")
    return None
