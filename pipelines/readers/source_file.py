"""One file of a source, as readers see it: a path and a stream, never more of it in memory than a reader asks for."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from pipelines.readers.decompress import CODEC_ERRORS, BombError, decompressed
from pipelines.rejection import Rejection

MOST_BYTES = 64 << 20  # of a file that is read whole; a longer one is no document
CHUNK_BYTES = 64 << 10


class TooLargeError(Exception):
    """A file that is read whole holds more than ``MOST_BYTES``."""


# What reading a damaged file raises, and, of these, what is no fault of the file.
BROKEN: tuple[type[Exception], ...] = (
    *CODEC_ERRORS,
    BombError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    OSError,
    NotImplementedError,
)
UNREACHABLE = (ConnectionError, TimeoutError)


@dataclass(frozen=True)
class SourceFile:
    """A file of a source.

    Args:
        path: inside the source; a member of an archive stands below the archive's own path.
        num_bytes: its size as it is stored.
        opener: opens its bytes as they are stored.
    """

    path: str
    num_bytes: int
    opener: Callable[[], BinaryIO]

    def open_stored(self) -> BinaryIO:
        """Its bytes as they are stored."""
        return self.opener()

    def open(self) -> BinaryIO:
        """Its bytes, decompressed where its name ends in .gz, .bz2, .xz or .zst; reading raises one of ``BROKEN``."""
        return decompressed(self.path, self.opener())

    def read(self) -> bytes:
        """All its bytes, decompressed; raises TooLargeError where they are more than ``MOST_BYTES``."""
        with self.open() as stream:
            return read_all(stream)

    def held(self) -> "SourceFile":
        """The same file with its stored bytes in memory; raises TooLargeError as ``read`` does."""
        with self.open_stored() as stream:
            return in_memory(self.path, read_all(stream))


@dataclass(frozen=True)
class RejectedFile:
    """A file that a source lists and that is not read; ``num_bytes`` is the size listed."""

    path: str
    num_bytes: int
    rejection: Rejection


def rejection_of(error: Exception) -> Rejection:
    """Why a file is rejected, from what reading it raised: one of ``BROKEN``."""
    return Rejection("decompression_bomb" if isinstance(error, BombError) else "unreadable_file", str(error))


def read_all(stream: BinaryIO) -> bytes:
    chunks = []
    num_bytes = 0
    while chunk := stream.read(CHUNK_BYTES):
        chunks.append(chunk)
        num_bytes += len(chunk)
        if num_bytes > MOST_BYTES:
            raise TooLargeError(f"more than {MOST_BYTES:,} bytes")
    return b"".join(chunks)


def in_memory(path: str, data: bytes) -> SourceFile:
    """A file whose bytes are at hand."""
    return SourceFile(path, len(data), lambda: io.BytesIO(data))
