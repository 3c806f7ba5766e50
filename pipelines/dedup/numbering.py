"""Documents as numbers: what dedup holds of the whole corpus, some sixty bytes a document.

Records are numbered in reading order: artifact by artifact, piece by piece, and within a piece by id. A document is all
records of one id; documents are numbered in order of their ids.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.arrow_files import mapped_batch
from pipelines.dedup.record_files import RecordFile
from pipelines.dedup.signatures import RECORDS
from pipelines.errors import PhaselineError

MAX_RECORDS = np.iinfo(np.int32).max


class Numbering(NamedTuple):
    """Of n documents, in all their records."""

    ids: NDArray[np.uint64]  # [n, 2], ascending
    first: NDArray[np.int32]  # [n]: the preferred record of each document
    rank: NDArray[np.int32]  # [n]: of the first record, the preferred being least
    num_bytes: NDArray[np.int64]  # [n]: of its text
    num_characters: NDArray[np.int32]  # [n]: of its lines, where repeated lines are looked for
    document: NDArray[np.int32]  # [num_records]: the number of each record's document
    measure: NDArray[np.float64]  # [num_records]: the preferred being least
    starts: NDArray[np.int64]  # [num_files + 1]: the number of the first record of each file

    @property
    def num_documents(self) -> int:
        return len(self.ids)

    def documents_of(self, file: int) -> NDArray[np.int32]:
        """The documents of a file's records, ascending."""
        return self.document[self.starts[file] : self.starts[file + 1]]

    def is_first(self, file: int, records: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Whether records of a file, by their place in it, are the preferred ones of their documents."""
        numbers = self.starts[file] + records
        return self.first[self.document[numbers]] == numbers

    def file_of(self, records: NDArray[np.integer]) -> NDArray[np.int64]:
        """The file of each record."""
        return np.searchsorted(self.starts, records, side="right") - 1

    def preference_order(self, documents: NDArray[np.int32]) -> NDArray[np.int64]:
        """How to sort documents: by rank, measure, and number, which is by id."""
        return np.lexsort((documents, self.measure[self.first[documents]], self.rank[documents]))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self._asdict().items():
            np.save(folder / f"{name}.npy", array)


def load_numbering(folder: Path) -> Numbering:
    """A saved numbering, mapped into memory."""
    return Numbering(*(np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in Numbering._fields))


def number_documents(files: Sequence[RecordFile], measure: NDArray[np.float64]) -> Numbering:
    """Number the documents of all files.

    Args:
        measure: of each record, the preferred being least.

    Raises:
        PhaselineError: there are more records than 32 bits can number.
    """
    batches = [mapped_batch(file.records) for file in files]
    starts = np.concatenate(([0], np.cumsum([len(batch) for batch in batches]))).astype(np.int64)
    if starts[-1] > MAX_RECORDS:
        raise PhaselineError(f"{starts[-1]:,} documents are too many for one corpus", "deduplicate it in several parts")
    high, low = joined(batches, "id_high"), joined(batches, "id_low")
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    is_new = np.append(True, (high[1:] != high[:-1]) | (low[1:] != low[:-1]))[: len(order)]
    document = np.empty(len(order), np.int32)
    document[order] = np.cumsum(is_new, dtype=np.int32) - 1
    ids = np.stack([high[is_new], low[is_new]], axis=1)
    ranks = np.concatenate(
        [np.empty(0, np.int32), *(file.ranks(batch) for file, batch in zip(files, batches, strict=True))]
    )
    first = first_records(document, len(ids), ranks, measure)
    num_bytes, num_characters = (joined(batches, name)[first] for name in ("num_bytes", "num_characters"))
    return Numbering(ids, first, ranks[first], num_bytes, num_characters, document, measure, starts)


def joined(batches: Sequence[pa.RecordBatch], name: str) -> NDArray[Any]:
    """A column of RECORDS over all files."""
    empty = RECORDS.empty_table()[name].to_numpy()
    return np.concatenate([empty, *(batch[name].to_numpy() for batch in batches)])


@numba.njit(cache=True, nogil=True)
def first_records(document: Any, num_documents: int, rank: Any, measure: Any) -> Any:
    """Of each document its record of the least (rank, measure, number)."""
    first = np.full(num_documents, -1, np.int32)
    for record in range(len(document)):
        other = first[document[record]]
        if (
            other < 0
            or rank[record] < rank[other]
            or (rank[record] == rank[other] and measure[record] < measure[other])
        ):
            first[document[record]] = record
    return first
