"""What documents are searched for: the records of benchmarks, and the held-out documents."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contamination.declaration import HELD_OUT_SET
from pipelines.selection import files_of, read_selected, write_selection
from pipelines.store import Artifact

TEXT = "text"
ANSWER = "answer"

REFERENCES_SCHEMA = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),  # its name, or held_out
        pa.field("record", pa.string(), nullable=False),  # the record's locator, or the held-out document's id
        pa.field("part", pa.string(), nullable=False),  # text or answer: each is searched for on its own
        pa.field("text", pa.large_string(), nullable=False),
    ]
)


def held_out_references(rows: pa.Table, documents: Sequence[Artifact], folder: Path) -> Iterator[pa.Table]:
    """Documents as references, a row group of their files at a time, in file order.

    Args:
        rows: which documents, sorted by id, with the columns id and source.
        documents: the artifacts that hold them.
        folder: for the selection of these documents.
    """
    write_selection(rows, folder)
    for found, texts in read_selected(files_of(documents, rows), folder):
        yield as_references(HELD_OUT_SET, found["id"], TEXT, texts)


def as_references(benchmark: str, record: pa.Array, part: str, text: pa.Array) -> pa.Table:
    """References of one set and part."""
    sets, parts = (pa.array([value] * len(record), pa.string()) for value in (benchmark, part))
    return pa.table([sets, record, parts, text], schema=REFERENCES_SCHEMA)


def in_parts(references: Iterable[pa.Table], part_bytes: int) -> Iterator[pa.Table]:
    """References in tables of at least ``part_bytes`` of text each, but for the last; none is empty."""
    waiting: list[pa.Table] = []
    num_bytes = 0
    for table in references:
        waiting.append(table)
        num_bytes += pc.sum(pc.binary_length(table["text"]), min_count=0).as_py()
        if num_bytes >= part_bytes:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting, num_bytes = [], 0
    if any(len(table) for table in waiting):
        yield pa.concat_tables(waiting).combine_chunks()
