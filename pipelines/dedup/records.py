"""The records to deduplicate: every document of every source, by priority, with exact duplicates numbered alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.documents import documents_table
from pipelines.store import Artifact

COLUMNS = ["id", "source", "locator", "licence", "language", "num_bytes"]


@dataclass(frozen=True)
class Records:
    """All records, sorted by (priority of the source, id, locator); a document is all records of one id.

    Documents are numbered by their first record, so in order of (priority, id).
    """

    table: pa.Table  # COLUMNS
    position: NDArray[np.int64]  # [num_records]: where each record stands when the documents are read in file order
    document: NDArray[np.int64]  # [num_records]: the number of its document
    first: NDArray[np.int64]  # [num_documents]: the first record of each document

    @property
    def num_documents(self) -> int:
        return len(self.first)

    def document_at(self) -> NDArray[np.int64]:
        """[num_records], in file order: the document whose first record stands there; -1 at every other record."""
        documents = np.full(len(self.table), -1, np.int64)
        documents[self.position[self.first]] = np.arange(self.num_documents)
        return documents


def read_records(documents: Sequence[Artifact], priority: Sequence[str]) -> Records:
    """Read and order the records; ``priority`` lists every source."""
    table = documents_table(documents, COLUMNS)
    preference = pc.index_in(table["source"], pa.array(priority, pa.string()))
    order = pc.sort_indices(
        table.select(["id", "locator"]).append_column("preference", preference),
        sort_keys=[("preference", "ascending"), ("id", "ascending"), ("locator", "ascending")],
    )
    table = table.take(order).combine_chunks()
    document = pc.dictionary_encode(table["id"]).combine_chunks().indices.to_numpy().astype(np.int64)
    first = np.unique(document, return_index=True)[1]
    return Records(table, order.to_numpy().astype(np.int64), document, first)
