"""One file of a source, as readers see it: a path and a stream, never more of it in memory than a reader asks for."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

MOST_BYTES = 64 << 20  # of a file that is read whole; a longer one is no document


class TooLargeError(Exception):
    """A file that is read whole holds more than ``MOST_BYTES``."""


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
        """Its bytes, decompressed where its name ends in .gz, .bz2, .xz or .zst."""
        stored = self.opener()
        match PurePosixPath(self.path).suffix:
            case ".gz":
                return cast(BinaryIO, gzip.GzipFile(fileobj=stored))
            case ".bz2":
                return cast(BinaryIO, bz2.BZ2File(stored))
            case ".xz":
                return cast(BinaryIO, lzma.LZMAFile(stored))
            case _:
                return stored

    def read(self) -> bytes:
        """All its bytes, decompressed; raises TooLargeError where they are more than ``MOST_BYTES``."""
        with self.open() as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise TooLargeError(f"more than {MOST_BYTES:,} bytes")
        return data


def in_memory(path: str, data: bytes) -> SourceFile:
    """A file whose bytes are at hand."""
    return SourceFile(path, len(data), lambda: io.BytesIO(data))
