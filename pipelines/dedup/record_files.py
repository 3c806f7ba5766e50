"""One piece of documents with its signatures: what the corpus is made of, to dedup."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.signatures import keys_file, lines_file, records_file
from pipelines.pieces import Piece

AFTER_ALL_SOURCES = 1 << 20  # more than there are


class RecordFile(NamedTuple):
    """A piece of documents, where its signatures are, and where it comes from."""

    piece: Piece
    folder: Path  # of the artifact of signatures
    number: int  # of the piece in its artifact
    artifact: int  # among all artifacts
    priority: int  # of the source, the preferred source's being least

    def ranks(self, records: pa.RecordBatch) -> NDArray[np.int32]:
        """The place of records of this file in the order of preference, before any measure, the preferred being least.

        Those that break a rule come after those of every source that break none: their buckets may drop them later,
        and what they would have displaced would be lost.

        Args:
            records: with the column broken_rule.
        """
        is_broken = records["broken_rule"].is_valid().to_numpy(zero_copy_only=False)
        return (self.priority + AFTER_ALL_SOURCES * is_broken).astype(np.int32)

    @property
    def records(self) -> Path:
        return records_file(self.folder, self.number)

    @property
    def keys(self) -> Path:
        return keys_file(self.folder, self.number)

    @property
    def lines(self) -> Path:
        return lines_file(self.folder, self.number)
