"""Gzip streams, decompressed by Intel's library. Its own file object would lose the last bytes before a break."""

import io
from typing import BinaryIO

from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor

CHUNK_BYTES = 64 << 10
PADDING = b"\0"  # may follow the last member


class GzipStream(io.BufferedIOBase):
    """The decompressed bytes of all members of a gzip stream (RFC 1952).

    Reading raises IsalError where a member is damaged, and EOFError where it breaks off.
    """

    def __init__(self, stored: BinaryIO) -> None:
        self._stored = stored
        self._begin()

    def _begin(self) -> None:
        self._position = 0
        self._ahead = b""  # was read, and no member has had it
        self._member: IgzipDecompressor | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stored.seekable()

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go back to a place; all that lies before it is decompressed again."""
        assert whence == io.SEEK_SET, "a BoundedStream counts from the beginning"
        self._stored.seek(0)
        self._begin()
        while self._position < offset and self.read1(min(CHUNK_BYTES, offset - self._position)):
            pass
        return self._position

    def read1(self, size: int = CHUNK_BYTES) -> bytes:
        """At least one byte and at most ``size``; none at the end."""
        output = b""
        while not output:
            if self._member is None:
                if not self._find_member():
                    return b""
                self._member = IgzipDecompressor(flag=DECOMP_GZIP)
            output = self._member.decompress(self._input(self._member), size)
            if self._member.eof:
                self._ahead = self._member.unused_data
                self._member = None
        self._position += len(output)
        return output

    def _find_member(self) -> bool:
        """Go to the next member; False where there is none."""
        self._ahead = self._ahead.lstrip(PADDING)
        while not self._ahead:
            data = self._stored.read(CHUNK_BYTES)
            if not data:
                return False
            self._ahead = data.lstrip(PADDING)
        return True

    def _input(self, member: IgzipDecompressor) -> bytes:
        """What a member wants next."""
        if not member.needs_input:
            return b""
        data = self._ahead or self._stored.read(CHUNK_BYTES)
        self._ahead = b""
        if not data:
            raise EOFError("the gzip stream breaks off")
        return data
