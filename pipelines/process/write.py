"""The last step: the documents, and beside them what was rejected and what was counted."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.documents import REJECTED_SCHEMA, SCHEMA
from pipelines.process.final_text import normalise
from pipelines.process.statistics import DocumentStatistics
from pipelines.rejection import Rejection
from pipelines.whole_files import beside

ROWS_PER_GROUP = 2000
CHARACTERS_PER_GROUP = 32 << 20  # about: a document may have as many alone
EXCERPT_CHARACTERS = 200


class WriteDocuments(PipelineStep):
    """Writes a task's documents, its rejected records and statistics, each to a Parquet file named by the task's rank.

    Args:
        folder: where the files go.
        source: the name of the source.
        snapshot: the name of its snapshot.
    """

    type = "WRITER"
    name = "documents"

    def __init__(self, folder: Path, source: str, snapshot: str) -> None:
        super().__init__()
        self.folder = folder
        self.origin = {"source": source, "snapshot": snapshot}

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        statistics = DocumentStatistics(f"documents-{rank:05d}.parquet")
        with (
            beside(self.folder / statistics.file) as documents_path,
            beside(self.folder / f"rejected-{rank:05d}.parquet") as rejected_path,
            beside(self.folder / f"statistics-{rank:05d}.parquet") as statistics_path,
            RowWriter(documents_path, SCHEMA) as kept,
            RowWriter(rejected_path, REJECTED_SCHEMA) as rejected,
        ):
            for document in data:
                if document.metadata["rejection"] is None:
                    row = self.kept_row(document)
                    kept.write(row)
                    statistics.add(row)
                else:
                    rejected.write(self.rejected_row(document))
                yield document
            statistics.write(statistics_path)

    def kept_row(self, document: Document) -> dict[str, Any]:
        own = {"id": document.id, "text": document.text, **self.origin}
        return {name: own[name] if name in own else document.metadata[name] for name in SCHEMA.names}

    def rejected_row(self, document: Document) -> dict[str, Any]:
        rejection: Rejection = document.metadata["rejection"]
        own = {
            "reason": rejection.reason,
            "detail": normalise(rejection.detail)[:EXCERPT_CHARACTERS],  # which may quote a name that is not UTF-8
            "excerpt": document.text[:EXCERPT_CHARACTERS],
            **self.origin,
        }
        return {name: own[name] if name in own else document.metadata[name] for name in REJECTED_SCHEMA.names}


class RowWriter:
    """A Parquet file written row by row, in row groups that fit into memory."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._num_characters = 0

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def write(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._num_characters += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(self._rows) == ROWS_PER_GROUP or self._num_characters >= CHARACTERS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows, self._num_characters = [], 0
