"""Files of scores, one row for each document: Parquet, JSON Lines or CSV, read row by row and checked."""

import csv
import re
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import PhaselineError
from pipelines.readers.csv_rows import Lines, column_names
from pipelines.readers.lines import MOST_LINE_BYTES, LineTooLongError, numbered_lines, open_lines
from pipelines.readers.records import BrokenFileError
from pipelines.readers.source_file import BROKEN, UNREACHABLE, SourceFile
from quality.scoring.declaration import FileScorer

ID = re.compile(r"[0-9a-f]{32}")
GREATEST = float(np.finfo(np.float32).max)
READ_BYTES = 1 << 20
UNREADABLE = (
    pa.ArrowException,
    csv.Error,
    orjson.JSONDecodeError,
    BrokenFileError,
    LineTooLongError,
    UnicodeDecodeError,
    *BROKEN,
)

Row = tuple[int, Any, Any]  # its number, and the id and the score as the file has them


def score_rows(file: SourceFile, scorer: FileScorer) -> Iterator[tuple[str, float, int]]:
    """The id, the score and the number (from 1 on) of each row of a file.

    Raises:
        PhaselineError: the file cannot be read or lacks a column, an id is none of a document, or a score is no
            finite number.
    """
    read = {"parquet": parquet_rows, "json_lines": json_rows, "csv": csv_rows}[scorer.format]
    number = 0
    try:
        for number, document, score in read(file, scorer):
            yield checked_id(document), checked_score(score), number
    except UNREACHABLE:
        raise
    except UNREADABLE as error:
        raise PhaselineError(f"{file.path}: after row {number}: not readable: {error}", "mend the file") from error
    except ValueError as error:
        raise PhaselineError(f"{file.path}: row {number}: {error}", "mend or remove that row") from error


def checked_id(value: Any) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise ValueError(f"{value!r} is no document's id, which has 32 hexadecimal digits")
    return value


def checked_score(value: Any) -> float:
    """A score as a number; raises ValueError where it is none that float32 can hold."""
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = float("nan")
    if isinstance(value, bool) or not -GREATEST <= score <= GREATEST:
        raise ValueError(f"the score {value!r} is no finite number")
    return score


def refuse_missing_columns(where: str, columns: Collection[str], scorer: FileScorer) -> None:
    """Raise PhaselineError if the declared columns are not all among those of a file or row."""
    for column in (scorer.id_column, scorer.score_column):
        if column not in columns:
            raise PhaselineError(
                f"{where}: there is no column {column} among {', '.join(columns)}",
                f"mend the file, or id_column and score_column of {scorer.name}",
            )


def parquet_rows(file: SourceFile, scorer: FileScorer) -> Iterator[Row]:
    columns = [scorer.id_column, scorer.score_column]
    with file.open() as stream, pq.ParquetFile(stream, buffer_size=READ_BYTES) as parquet:
        refuse_missing_columns(file.path, parquet.schema_arrow.names, scorer)
        number = 0
        for batch in parquet.iter_batches(columns=columns):
            for document, score in zip(*(batch[column].to_pylist() for column in columns), strict=True):
                number += 1
                yield number, document, score


def json_rows(file: SourceFile, scorer: FileScorer) -> Iterator[Row]:
    for number, line in numbered_lines(file):
        if isinstance(line, LineTooLongError):
            raise line
        if line.strip():
            row = orjson.loads(line)
            if not isinstance(row, dict):
                raise BrokenFileError("invalid_json", f"a row is {type(row).__name__}, not an object")
            refuse_missing_columns(f"{file.path}: row {number}", row, scorer)
            yield number, row[scorer.id_column], row[scorer.score_column]


def csv_rows(file: SourceFile, scorer: FileScorer) -> Iterator[Row]:
    csv.field_size_limit(MOST_LINE_BYTES)
    with open_lines(file) as stream:
        lines = Lines(stream)
        rows = csv.reader(lines)
        names = column_names(rows)
        refuse_missing_columns(file.path, names, scorer)
        id_place, score_place = names.index(scorer.id_column), names.index(scorer.score_column)
        for number, row in enumerate(rows, start=1):
            lines.num_row_bytes = 0
            if row:
                if len(row) != len(names):
                    raise csv.Error(f"{len(row)} columns, where the first line has {len(names)}")
                yield number, row[id_place], row[score_place]
