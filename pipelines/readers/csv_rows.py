"""CSV: one record for each row under a line of column names."""

import csv
import io
from collections.abc import Iterator

from pipelines.readers.formats import CsvReader, Rows
from pipelines.readers.lines import MOST_LINE_BYTES, LineTooLongError, open_lines, read_line
from pipelines.readers.records import EXCERPT_BYTES, BrokenFileError, Record, rejected, unreadable
from pipelines.readers.rows import row_record
from pipelines.readers.source_file import SourceFile


class Lines:
    """The lines of a stream as text; bytes that are not UTF-8 become lone surrogates.

    An iterator that goes on after LineTooLongError, which a generator cannot. A row is bounded as a line is: it ends
    where its quotes are closed, which may be lines later.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self.stream = stream
        self.num_row_bytes = 0  # read of the present row

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = read_line(self.stream)
        if not line:
            raise StopIteration
        self.num_row_bytes += len(line)
        if self.num_row_bytes > MOST_LINE_BYTES:
            raise LineTooLongError(line[:EXCERPT_BYTES], self.num_row_bytes)
        return line.decode("utf-8", "surrogateescape")


def read_csv(file: SourceFile, reader: Rows) -> Iterator[Record]:
    """A record for each row; a row that does not have the columns of the first line is rejected.

    Raises:
        BrokenFileError: the first line, which names the columns, cannot be read.
    """
    csv.field_size_limit(MOST_LINE_BYTES)
    delimiter = reader.delimiter if isinstance(reader, CsvReader) else ","
    with open_lines(file) as stream:
        lines = Lines(stream)
        rows = csv.reader(lines, delimiter=delimiter)
        names = column_names(rows)
        number = 0
        while True:
            number += 1
            locator = f"{file.path}#{number}"
            lines.num_row_bytes = 0
            try:
                row = next(rows, None)
            except LineTooLongError as error:
                yield rejected(locator, error.excerpt, error.num_bytes, "line_too_long", error)
                continue
            except csv.Error as error:
                yield rejected(locator, b"", lines.num_row_bytes, "invalid_csv", error)
                continue
            if row is None:
                return
            if row:
                yield csv_record(locator, names, row, reader)


def column_names(rows: Iterator[list[str]]) -> list[str]:
    try:
        names = next(rows, [])
    except (LineTooLongError, csv.Error) as error:
        raise BrokenFileError("invalid_csv", f"the line of column names: {error}") from error
    return [name.removeprefix("\ufeff") for name in names]


def csv_record(locator: str, names: list[str], row: list[str], reader: Rows) -> Record:
    raw = ",".join(row).encode("utf-8", "surrogateescape")
    if len(row) != len(names):
        return unreadable(locator, raw, "wrong_column_count", f"{len(row)}, the first line has {len(names)}")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return unreadable(locator, raw, "invalid_utf8", error)
    return row_record(locator, dict(zip(names, row, strict=True)), reader, raw)
