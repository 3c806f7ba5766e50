"""Heuristic scores: from what the filters have measured, without reading a text."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.documents import ROWS_PER_BATCH
from pipelines.pieces import Piece
from quality.scoring.declaration import Term

PLACE = ("locator", "id")  # what a document and its attributes have in common
Row = tuple[str | float | None, ...]


class HeuristicScores:
    """The scores of a piece's documents from the attributes beside them.

    Both are in the order of reading, and the attributes have the rejected ones too, so one pass over both joins them.
    """

    columns = PLACE

    def __init__(self, terms: Sequence[Term], piece: Piece) -> None:
        self.terms = terms
        attributes = piece.path.with_name(piece.path.name.replace("documents-", "attributes-"))
        self._attributes = read_rows(attributes, [*PLACE, *(term.measure for term in terms)])

    def score(self, documents: pa.RecordBatch) -> npt.NDArray[np.float32]:
        places = zip(*(documents[column].to_pylist() for column in PLACE), strict=True)
        values = np.array([self._values_at(place) for place in places], np.float64)
        return weighted_mean(values.reshape(-1, len(self.terms)), self.terms).astype(np.float32)

    def reason(self, _documents: pa.RecordBatch) -> str:
        return "not_measured"

    def _values_at(self, place: Row) -> Row:
        """What was measured of a document; what is passed on the way to it was rejected."""
        for row in self._attributes:
            if row[: len(PLACE)] == place:
                return row[len(PLACE) :]
        raise ValueError(f"the attributes beside the documents lack {place[0]}")


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Some columns of a Parquet file row by row; null is None."""
    for batch in pq.ParquetFile(path).iter_batches(ROWS_PER_BATCH, columns=list(dict.fromkeys(columns))):
        yield from zip(*(batch[column].to_pylist() for column in columns), strict=True)


def weighted_mean(values: npt.NDArray[np.float64], terms: Sequence[Term]) -> npt.NDArray[np.float64]:
    """The weighted mean of the terms of n documents, shape (n,), between 0 and 1; NaN where a value is NaN.

    Args:
        values: the measures of the terms, shape (n, len(terms)).
    """
    worst, best, weight = (np.array([getattr(term, field) for term in terms]) for field in ("worst", "best", "weight"))
    return np.clip((values - worst) / (best - worst), 0, 1) @ (weight / weight.sum())
