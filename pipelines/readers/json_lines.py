"""JSON Lines: one record for each line."""

from collections.abc import Iterator

import orjson

from pipelines.readers.formats import Rows
from pipelines.readers.lines import LineTooLongError, numbered_lines
from pipelines.readers.records import Record, rejected, unreadable
from pipelines.readers.rows import row_record
from pipelines.readers.source_file import SourceFile


def read_json_lines(file: SourceFile, reader: Rows) -> Iterator[Record]:
    """A record for each line that is not blank."""
    for number, line in numbered_lines(file):
        locator = f"{file.path}#{number}"
        if isinstance(line, LineTooLongError):
            yield rejected(locator, line.excerpt, line.num_bytes, "line_too_long", line)
        elif line.strip():
            yield line_record(locator, line, reader)


def line_record(locator: str, line: bytes, reader: Rows) -> Record:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return unreadable(locator, line, "invalid_json", error)
    return row_record(locator, row, reader, line)
