"""The records of a WARC file, compressed by record or not; what is broken is told, and reading goes on behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pipelines.readers.source_file import MOST_BYTES, UNREACHABLE, SourceFile

SCAN_BYTES = 1 << 20
# Where a record may begin, by the first bytes of a file: RFC 1952 section 2.3, RFC 8878 section 3.1.1, the LZ4 frame
# format, WARC 1.1 section 4.
STARTS = {
    b"\x1f\x8b": re.compile(rb"\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]", re.DOTALL),
    b"\x28\xb5": re.compile(rb"\x28\xb5\x2f\xfd"),
    b"\x04\x22": re.compile(rb"\x04\x22\x4d\x18"),
    b"WA": re.compile(rb"(?<=\r\n\r\n)WARC/[01]\.\d\r\n"),
}
OVERLAP_BYTES = 16  # a start and what stands before it are shorter


@dataclass(frozen=True)
class Block:
    """A record with its body.

    Args:
        place: the byte of the file at which the record, or the compressed member that it is in, begins; a second record
            of a member has its number behind a point.
        record: its headers, HTTP's parsed.
        body: what follows the headers, at most one byte more than ``MOST_BYTES``.
        is_whole: whether the record says how long it is, and the file has all of it.
    """

    place: str
    record: WarcRecord
    body: bytes
    is_whole: bool


@dataclass(frozen=True)
class Gap:
    """Bytes of a file that are no record, from ``place`` on."""

    place: str
    num_bytes: int
    error: str


def warc_blocks(file: SourceFile, types: WarcRecordType) -> Iterator[Block | Gap]:
    """The records of some types, and a gap for each that cannot be read; reading goes on where the next may begin."""
    start: int | None = 0
    behind: Gap | None = None  # of a record, where the next does not begin as it should
    while start is not None:
        walk = Walk(file, start, types)
        for block in walk.blocks():
            if behind is not None:
                yield behind
                behind = None
            yield block
        if walk.error is None:
            break
        last = start if walk.last is None else walk.last
        following = next_start(file, last + 1)
        if walk.last is None:
            behind = None
            yield Gap(f"{start}", (following or file.num_bytes) - start, walk.error)
        elif not walk.is_cut:
            behind = Gap(f"after {last}", 0, walk.error)
        start = following
    if behind is not None:
        yield behind


class Walk:
    """One walk over a file's records, from a place on until the end or the first error."""

    def __init__(self, file: SourceFile, start: int, types: WarcRecordType) -> None:
        self.file = file
        self.start = start
        self.types = types
        self.last: int | None = None  # where the last record begins that could be read
        self.is_cut = False  # whether that one is not whole
        self.error: str | None = None

    def blocks(self) -> Iterator[Block]:
        with self.file.open_stored() as stream:
            stream.seek(self.start)
            try:
                for block in self._blocks(stream):
                    yield block
                    if not block.is_whole:
                        self.is_cut, self.error = True, "the record before is not whole"
                        return
            except UNREACHABLE:
                raise
            except OSError as error:
                self.error = str(error)

    def _blocks(self, stream: BinaryIO) -> Iterator[Block]:
        number = 0
        for record in ArchiveIterator(stream, parse_http=False, fsspec_args=False):
            place = record.stream_pos
            number = number + 1 if place == self.last else 0
            block = (
                read_block(record, f"{place}.{number}" if number else f"{place}") if self._is_wanted(record) else None
            )
            self.last = place
            if block is not None:
                yield block

    def _is_wanted(self, record: WarcRecord) -> bool:
        return bool(record.record_type & self.types)


def read_block(record: WarcRecord, place: str) -> Block:
    """A record's block; raises OSError where its bytes are damaged."""
    says_length = (record.headers.get("Content-Length") or "").isdecimal()
    if record.is_http:
        record.parse_http()
    num_bytes = record.content_length
    body = record.reader.read(MOST_BYTES + 1)
    num_read = len(body) + (record.consume() if len(body) > MOST_BYTES else 0)
    return Block(place, record, body, is_whole=says_length and num_read >= num_bytes)


def next_start(file: SourceFile, after: int) -> int | None:
    """The next byte, from ``after`` on, at which a record may begin; None where there is none."""
    with file.open_stored() as stream:
        pattern = STARTS.get(stream.read(2))
        if pattern is None:
            return None
        place = max(after - OVERLAP_BYTES, 0)
        stream.seek(place)
        window = b""
        while chunk := stream.read(SCAN_BYTES):
            window += chunk
            for match in pattern.finditer(window):
                if place + match.start() >= after:
                    return place + match.start()
            place += max(len(window) - OVERLAP_BYTES, 0)
            window = window[-OVERLAP_BYTES:]
    return None
