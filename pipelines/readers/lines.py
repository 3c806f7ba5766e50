"""Lines of a stream, none of them longer than what fits into memory."""

import io
from collections.abc import Iterator

from pipelines.readers.records import EXCERPT_BYTES
from pipelines.readers.source_file import SourceFile

MOST_LINE_BYTES = 32 << 20
CHUNK_BYTES = 1 << 20


class LineTooLongError(Exception):
    """A line is longer than ``MOST_LINE_BYTES``; the stream stands behind it.

    Args:
        excerpt: its first bytes.
        num_bytes: its whole length.
    """

    def __init__(self, excerpt: bytes, num_bytes: int) -> None:
        super().__init__(f"{num_bytes:,} bytes, more than {MOST_LINE_BYTES:,}")
        self.excerpt = excerpt
        self.num_bytes = num_bytes


def open_lines(file: SourceFile) -> io.BufferedReader:
    """A file's bytes, decompressed, in a buffer from which lines are read fast."""
    stream = file.open()
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(stream, CHUNK_BYTES)  # type: ignore[arg-type]


def read_line(stream: io.BufferedReader) -> bytes:
    """The next line with its newline, empty at the end; raises LineTooLongError for one that is too long."""
    line = stream.readline(MOST_LINE_BYTES + 1)
    if len(line) <= MOST_LINE_BYTES:
        return line
    excerpt, num_bytes = line[:EXCERPT_BYTES], len(line)
    while line and not line.endswith(b"\n"):
        line = stream.readline(CHUNK_BYTES)
        num_bytes += len(line)
    raise LineTooLongError(excerpt, num_bytes)


def numbered_lines(file: SourceFile) -> Iterator[tuple[int, bytes | LineTooLongError]]:
    """The lines of a file with their numbers, from 1 on; in place of one that is too long, what is wrong with it."""
    number = 0
    with open_lines(file) as stream:
        while True:
            number += 1
            try:
                line = read_line(stream)
            except LineTooLongError as error:
                yield number, error
                continue
            if not line:
                return
            yield number, line
