"""The first step: the files of a snapshot to records."""

from collections.abc import Sequence

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.engines.progress import task_progress
from pipelines.fetch.records import records_of_file
from pipelines.fetch.snapshot import RawSnapshot
from pipelines.readers.formats import Reader
from pipelines.readers.read import record_reader
from pipelines.readers.records import Record


class ReadRecords(PipelineStep):
    """Reads a task's group of files and yields a document for each record, rejected ones marked.

    Args:
        snapshot: the source's files.
        reader: how the source is read.
        groups: the paths that each task reads.
        licence: of a record that does not bring its own.
    """

    type = "READER"
    name = "records"

    def __init__(self, snapshot: RawSnapshot, reader: Reader, groups: Sequence[Sequence[str]], licence: str) -> None:
        super().__init__()
        self.snapshot = snapshot
        self.reader = reader
        self.groups = groups
        self.licence = licence

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        progress = task_progress()
        read = record_reader(self.reader, self.snapshot.find, self.snapshot.paths)
        for file in self.snapshot.read(self.groups[rank]):
            progress.file(file.path)
            for record in records_of_file(file, read):
                progress.add(num_documents=1)
                self.stat_update("records")
                yield self.as_document(record, file.path)
            progress.add(num_bytes=file.num_bytes)

    def as_document(self, record: Record, path: str) -> Document:
        """A record as a datatrove document, which has no id before its text is sealed."""
        return Document(
            text=record.text,
            id="",
            metadata={
                "locator": record.locator,
                "url": record.url,
                "licence": record.licence or self.licence,
                "repository": record.repository or self.snapshot.repository(path),
                "language": record.language,
                "language_score": 1.0,
                "num_bytes": record.num_raw_bytes,
                "answer": record.answer,
                "measures": dict(record.measures),
                "rejection": record.rejection,
            },
        )
