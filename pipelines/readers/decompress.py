"""Decompressed streams: chosen by a file's name, over any number of members or frames, and bounded."""

import bz2
import io
import lzma
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from backports.zstd import ZstdError, ZstdFile
from isal.isal_zlib import IsalError

from pipelines.readers.gzip_stream import GzipStream

MOST_EXPANSION = 200  # text gives 20 to 1 at the most; deflate, of one repeated byte, 1,032
LEAST_BOMB_BYTES = 256 << 20  # what is smaller harms nobody
BUFFER_BYTES = 1 << 20

CODEC_ERRORS: tuple[type[Exception], ...] = (
    cast("type[Exception]", IsalError),  # its stub calls it an instance
    ZstdError,
    lzma.LZMAError,
    EOFError,
)

DECOMPRESSORS: dict[str, Callable[[BinaryIO], io.BufferedIOBase]] = {
    ".gz": GzipStream,
    ".tgz": GzipStream,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": ZstdFile,
}


class BombError(Exception):
    """Something expands far beyond what text does."""


def decompressed(path: str, stored: BinaryIO) -> BinaryIO:
    """A stream's bytes, decompressed where the name of its file ends in .gz, .tgz, .bz2, .xz or .zst.

    Reading raises one of ``CODEC_ERRORS`` or OSError where the stream is damaged or breaks off, and BombError where
    more than ``LEAST_BOMB_BYTES`` have come of less than one ``MOST_EXPANSION``-th of them.
    """
    decompressor = DECOMPRESSORS.get(PurePosixPath(path).suffix)
    if decompressor is None:
        return stored
    return cast(BinaryIO, io.BufferedReader(BoundedStream(stored, decompressor(stored)), BUFFER_BYTES))


def refuse_bomb(num_bytes: int, num_stored_bytes: int) -> None:
    """Raise BombError where too many bytes come of so few."""
    if num_bytes > LEAST_BOMB_BYTES and num_bytes > MOST_EXPANSION * num_stored_bytes:
        raise BombError(f"{num_stored_bytes:,} bytes expand to {num_bytes:,} or more")


class BoundedStream(io.RawIOBase):
    """A decompressor whose output is held against what it has read of its input."""

    def __init__(self, stored: BinaryIO, expanded: io.BufferedIOBase) -> None:
        self._stored = stored
        self._expanded = expanded

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._expanded.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, from the beginning or from here; on the way there everything is decompressed, and bounded."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end of a compressed stream is not known")
        target = offset + (self.tell() if whence == io.SEEK_CUR else 0)
        if target < self.tell():
            return self._expanded.seek(target)
        skipped = memoryview(bytearray(min(BUFFER_BYTES, target - self.tell())))
        while self.tell() < target and self.readinto(skipped[: target - self.tell()]):
            pass
        return self.tell()

    def tell(self) -> int:
        return self._expanded.tell()

    def readinto(self, buffer: Any) -> int:
        # One read of the input at a time: where it breaks off, all that came before has been handed on.
        data = self._expanded.read1(len(buffer))
        buffer[: len(data)] = data
        refuse_bomb(self._expanded.tell(), self._stored.tell())
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._expanded.close()
            self._stored.close()
        super().close()
