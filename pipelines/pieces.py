"""Pieces of documents: neighbouring row groups of one file, as much text as one task takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.documents import DOCUMENTS
from pipelines.store import Artifact

PIECE_BYTES = 64 << 20  # of text: a matter of the data, so that results do not depend on workers


@dataclass(frozen=True)
class Piece:
    """The row groups ``first`` to ``end`` of a file of documents."""

    path: Path
    first: int
    end: int
    num_bytes: int  # of text, before compression

    def read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns, a row group's worth or less at a time."""
        file = pq.ParquetFile(self.path)
        for group in range(self.first, self.end):
            yield from file.read_row_group(group, list(columns), use_threads=False).to_batches()

    def read_rows(self, columns: Sequence[str], rows: NDArray[np.int32]) -> Iterator[pa.RecordBatch]:
        """Some columns of some rows, given ascending; row groups without any of them are not read."""
        file = pq.ParquetFile(self.path)
        start = 0
        for group in range(self.first, self.end):
            end = start + file.metadata.row_group(group).num_rows
            within = rows[np.searchsorted(rows, start) : np.searchsorted(rows, end)] - start
            start = end
            if len(within):
                table = file.read_row_group(group, list(columns), use_threads=False)
                yield from table.take(pa.array(within)).to_batches()


def pieces_of(documents: Artifact, piece_bytes: int = PIECE_BYTES) -> list[Piece]:
    """All documents of an artifact in pieces, in file order.

    Args:
        piece_bytes: of text, at least, in each piece but the last of a file.
    """
    return [piece for path in documents.files(DOCUMENTS) for piece in pieces_of_file(path, piece_bytes)]


def pieces_of_file(path: Path, piece_bytes: int) -> Iterator[Piece]:
    """The documents of one file in such pieces."""
    metadata = pq.read_metadata(path)
    text = metadata.schema.to_arrow_schema().get_field_index("text")
    first = num_bytes = 0
    for group in range(metadata.num_row_groups):
        num_bytes += metadata.row_group(group).column(text).total_uncompressed_size
        if num_bytes >= piece_bytes or group == metadata.num_row_groups - 1:
            yield Piece(path, first, group + 1, num_bytes)
            first, num_bytes = group + 1, 0
