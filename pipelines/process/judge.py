"""The step that holds documents against the filters, and writes down every value that they were held against."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.documents import attributes_schema
from pipelines.filters import Filters
from pipelines.whole_files import beside

BATCH_DOCUMENTS = 512
BATCH_BYTES = 8 << 20


class JudgeDocuments(PipelineStep):
    """Measures every text, also of a language that is not kept, and rejects those that break a rule.

    A text that breaks deferred rules alone goes on, with the first of them as its ``broken_rule``.

    Args:
        filters: the domain's rules.
        deferred: the reasons of the rules that are deferred.
        measures: the names of what extraction measured.
        folder: where the attributes go.
    """

    type = "FILTER"
    name = "judge"

    def __init__(self, filters: Filters, deferred: Collection[str], measures: Sequence[str], folder: Path) -> None:
        super().__init__()
        self.filters = filters
        self.deferred = deferred
        self.measures = tuple(measures)
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        schema = attributes_schema([*self.measures, *self.filters.measures])
        with (
            beside(self.folder / f"attributes-{rank:05d}.parquet") as path,
            pq.ParquetWriter(path, schema, compression="zstd") as writer,
        ):
            for batch in batches(data):
                measured = [document for document in batch if document.metadata["sealed"]]
                if measured:
                    writer.write_batch(self.judge(measured, schema))
                yield from batch

    def judge(self, documents: Sequence[Document], schema: pa.Schema) -> pa.RecordBatch:
        """Mark what breaks a rule; the attributes of all."""
        metadata = [document.metadata for document in documents]
        locators = [row["locator"] for row in metadata]
        languages = [row["language"] for row in metadata]
        texts = pa.array([document.text for document in documents], pa.large_string())
        values = self.filters.measure(texts, locators, languages)
        for row, broken in zip(metadata, self.filters.judge(values, languages, self.deferred), strict=True):
            row["broken_rule"] = broken.reason if broken and broken.reason in self.deferred else None
            if row["broken_rule"] is None:
                row["rejection"] = row["rejection"] or broken
        arrays = [
            pa.array(locators),
            pa.array([document.id for document in documents]),
            pa.array([row["rejection"] is None for row in metadata]),
            pa.array(
                [row["rejection"].reason if row["rejection"] else row["broken_rule"] for row in metadata], pa.string()
            ),
            pa.array([row["num_bytes"] for row in metadata], pa.int64()),
            pa.array(languages),
            pa.array([row["language_score"] for row in metadata], pa.float32()),
            *(pa.array([row["measures"].get(name) for row in metadata], pa.float32()) for name in self.measures),
            *(pa.array(values[name], mask=np.isnan(values[name])) for name in self.filters.measures),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Neighbouring documents, of at most about ``BATCH_BYTES`` of text."""
    batch: list[Document] = []
    num_bytes = 0
    for document in documents:
        batch.append(document)
        num_bytes += document.metadata["num_bytes"]
        if len(batch) == BATCH_DOCUMENTS or num_bytes >= BATCH_BYTES:
            yield batch
            batch, num_bytes = [], 0
    if batch:
        yield batch
