"""Parquet and Arrow IPC: one record for each row, read a batch at a time."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.readers.formats import Rows
from pipelines.readers.records import BrokenFileError, Record, unreadable
from pipelines.readers.rows import as_json, columns_of, row_record
from pipelines.readers.source_file import SourceFile

ROWS_PER_BATCH = 512
READ_BYTES = 1 << 20
ARROW_FILE_MAGIC = b"ARROW1"
BROKEN_TABLE = (pa.ArrowException, UnicodeDecodeError)  # the latter for the name of a column
CELL_ERRORS = (ArithmeticError, ValueError)  # text that is not UTF-8, dates beyond the year 9999


def read_parquet(file: SourceFile, reader: Rows) -> Iterator[Record]:
    """A record for each row of a Parquet file; raises BrokenFileError where the file breaks off or is none."""
    try:
        with file.open() as stream, pq.ParquetFile(stream, buffer_size=READ_BYTES) as parquet:
            columns = needed(parquet.schema_arrow, reader)
            yield from batch_records(file.path, parquet.iter_batches(ROWS_PER_BATCH, columns=columns), reader)
    except BROKEN_TABLE as error:
        raise BrokenFileError("unreadable_file", error) from error


def read_arrow(file: SourceFile, reader: Rows) -> Iterator[Record]:
    """A record for each row of an Arrow IPC file or stream; raises BrokenFileError as ``read_parquet`` does."""
    try:
        with file.open() as stream:
            yield from batch_records(file.path, ipc_batches(stream, reader), reader)
    except BROKEN_TABLE as error:
        raise BrokenFileError("unreadable_file", error) from error


def ipc_batches(stream: BinaryIO, reader: Rows) -> Iterator[pa.RecordBatch]:
    """The batches of an IPC file or stream, with the columns that are needed, cut to ``ROWS_PER_BATCH`` rows."""
    magic = stream.read(len(ARROW_FILE_MAGIC))
    stream.seek(0)
    if magic == ARROW_FILE_MAGIC:
        opened = pa.ipc.open_file(stream)
        batches = (opened.get_batch(index) for index in range(opened.num_record_batches))
    else:
        batches = opened = pa.ipc.open_stream(stream)
    columns = needed(opened.schema, reader)
    for whole in batches:
        batch = whole.select(columns)
        for column in batch.columns:
            check_offsets(column)
        for start in range(0, batch.num_rows, ROWS_PER_BATCH):
            yield batch.slice(start, ROWS_PER_BATCH)


def check_offsets(column: pa.Array) -> None:
    """Refuse a column whose cells lie outside of its bytes: an IPC file is taken as it is, and reading them crashes.

    Whether text is UTF-8 is left to its row, but for text in nested columns.

    Raises:
        ArrowInvalid: it is one.
    """
    if pa.types.is_string(column.type):
        column = column.view(pa.binary())
    elif pa.types.is_large_string(column.type):
        column = column.view(pa.large_binary())
    column.validate(full=True)


def needed(schema: pa.Schema, reader: Rows) -> list[str]:
    """The columns of a file that the declaration names; a row that lacks one of them is rejected later."""
    wanted = columns_of(reader)
    return [name for name in schema.names if name in wanted]


def batch_records(path: str, batches: Iterator[pa.RecordBatch], reader: Rows) -> Iterator[Record]:
    number = 0
    for batch in batches:
        for row in python_rows(batch):
            number += 1
            locator = f"{path}#{number}"
            match row:
                case UnicodeDecodeError():
                    yield unreadable(locator, row.object, "invalid_utf8", row)
                case Exception():
                    yield unreadable(locator, b"", "invalid_value", row)
                case _:
                    yield row_record(locator, row, reader, as_json(row))


def python_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | Exception]:
    """The rows of a batch; in place of one with a cell that is no value of Python's, what is wrong with it."""
    try:
        yield from batch.to_pylist()
    except CELL_ERRORS:
        for index in range(batch.num_rows):
            try:
                yield from batch.slice(index, 1).to_pylist()
            except CELL_ERRORS as error:
                yield error
