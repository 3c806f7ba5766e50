"""JSON arrays: one record for each element, however long the array is.

Event parsers such as ijson keep the path of each event, so that 100,000 nested brackets cost them gigabytes; the
standard decoder refuses them.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipelines.readers.formats import Rows
from pipelines.readers.records import BrokenFileError, Record, unreadable
from pipelines.readers.rows import row_record
from pipelines.readers.source_file import SourceFile, TooLargeError

MOST_ELEMENT_CHARACTERS = 32 << 20
CHUNK_BYTES = 1 << 20
DECODER = json.JSONDecoder()
SPACE = re.compile(r"[ \t\n\r]*")


def read_json_array(file: SourceFile, reader: Rows) -> Iterator[Record]:
    """A record for each element of the file's array.

    Raises:
        BrokenFileError: the file is not JSON, or not one array; the elements before that point were records.
        TooLargeError: an element has more than ``MOST_ELEMENT_CHARACTERS``.
    """
    with file.open() as stream:
        for number, (row, text) in enumerate(elements(stream), start=1):
            locator = f"{file.path}#{number}"
            raw = text.encode("utf-8", "surrogateescape")
            try:
                raw.decode()
            except UnicodeDecodeError as error:
                yield unreadable(locator, raw, "invalid_utf8", error)
            else:
                yield row_record(locator, row, reader, raw)


def elements(stream: BinaryIO) -> Iterator[tuple[Any, str]]:
    """The elements of an array, each with the text that it stands in, where bytes that are not UTF-8 are surrogates.

    Raises as ``read_json_array`` does.
    """
    window = Window(stream)
    try:
        window.take("[")
        while not window.starts_with("]"):
            yield window.take_value()
            if not window.starts_with("]"):
                window.take(",")
    except (ValueError, RecursionError) as error:
        raise BrokenFileError("invalid_json", error) from error


class Window:
    """The part of a JSON text that is being read: what was taken from it is dropped, and the rest is read as needed."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self.text = ""
        self.place = 0
        self.is_last = False

    def starts_with(self, sign: str) -> bool:
        """Whether a sign comes next, after blank space."""
        while True:
            self.place = self._after_space()
            if self.place < len(self.text) or self.is_last:
                return self.text.startswith(sign, self.place)
            self._read_on()

    def take(self, sign: str) -> None:
        if not self.starts_with(sign):
            raise ValueError(f"{self.text[self.place : self.place + 20]!r} stands where {sign} should")
        self.place += 1

    def take_value(self) -> tuple[Any, str]:
        """The next value, and the text that it stands in. Raises ValueError where none comes."""
        while True:
            start = self._after_space()
            try:
                value, end = DECODER.raw_decode(self.text, start)
            except ValueError:
                if self.is_last:
                    raise
            else:
                if end < len(self.text) or self.is_last:  # else a number may go on
                    self.place = end
                    return value, self.text[start:end]
            self._read_on()

    def _after_space(self) -> int:
        space = SPACE.match(self.text, self.place)
        assert space is not None, "it matches nothing too"
        return space.end()

    def _read_on(self) -> None:
        """Read at least as much as there is, so that a long value is not tried too often."""
        self.text = self.text[self.place :]
        self.place = 0
        if len(self.text) > MOST_ELEMENT_CHARACTERS:
            raise TooLargeError(f"an element has more than {MOST_ELEMENT_CHARACTERS:,} characters")
        chunk = self.stream.read(max(CHUNK_BYTES, len(self.text)))
        self.is_last = not chunk
        self.text += self.decoder.decode(chunk, self.is_last)
