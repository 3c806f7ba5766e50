"""The steps from records to documents, as datatrove pipeline steps.

A rejected record stays in the stream, marked with its rejection, until the last step writes it down: every record that
was read leaves by one of two doors.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.digests import document_id
from pipelines.documents import REJECTED_SCHEMA, SCHEMA
from pipelines.filters import Filters
from pipelines.filters.candidate import Candidate
from pipelines.language import LanguageIdentifier
from pipelines.readers.archive import Archive, BrokenMember
from pipelines.readers.formats import Reader
from pipelines.readers.read import member_reader
from pipelines.readers.records import Record
from pipelines.rejection import Rejection

ROWS_PER_GROUP = 2000
EXCERPT_CHARACTERS = 200
SURROGATE = re.compile("[\ud800-\udfff]")


def normalise(text: str) -> str:
    """Text with ``\\n`` newlines, without NUL, lone surrogates, and blank space at its ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text).strip("\n").rstrip()


class ReadRecords(PipelineStep):
    """Reads a task's group of files and yields a document for each record, rejected ones marked.

    Args:
        archive: the source's archive.
        reader: how the source is read.
        groups: the paths in the archive that each task reads.
    """

    type = "READER"
    name = "records"

    def __init__(self, archive: Path, reader: Reader, groups: Sequence[Sequence[str]]) -> None:
        super().__init__()
        self.archive = archive
        self.reader = reader
        self.groups = groups

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        archive = Archive(self.archive)
        read = member_reader(self.reader, archive)
        for member in archive.read(self.groups[rank]):
            records = [broken(member)] if isinstance(member, BrokenMember) else read(member)
            for record in records:
                document = as_document(record)
                self.stat_update("records")
                self.stat_update("bytes", value=document.metadata["num_bytes"])
                yield document


def broken(member: BrokenMember) -> Record:
    return Record(member.path, "", member.num_bytes, rejection=Rejection("unreadable_file", str(member.error)))


def as_document(record: Record) -> Document:
    """A record as a datatrove document under its content's id; without text its raw bytes count."""
    text = normalise(record.text)
    rejection = record.rejection or (None if text.strip() else Rejection("empty", "no text"))
    return Document(
        text=text,
        id=document_id(text),
        metadata={
            "locator": record.locator,
            "url": record.url,
            "language": record.language,
            "language_score": 1.0,
            "num_bytes": record.num_raw_bytes if rejection else len(text.encode()),
            "rejection": rejection,
        },
    )


class IdentifyLanguage(PipelineStep):
    """Identifies the language of documents that do not bring one, and rejects those not to be kept.

    Args:
        model: the fastText model's file.
        languages: the languages kept; all where none is named.
        min_score: the least probability of a language that is kept.
    """

    type = "LANGUAGE"
    name = "identify"

    def __init__(self, model: Path, languages: Sequence[str], min_score: float) -> None:
        super().__init__()
        self.model = model
        self.languages = frozenset(languages)
        self.min_score = min_score

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        identifier = LanguageIdentifier(self.model)
        for document in data:
            if document.metadata["rejection"] is None and document.metadata["language"] is None:
                language, score = identifier.identify(document.text)
                document.metadata |= {"language": language, "language_score": score}
                document.metadata["rejection"] = self.rejection(language, score)
            yield document

    def rejection(self, language: str, score: float) -> Rejection | None:
        if self.languages and language not in self.languages:
            return Rejection("language", f"{language} ({score:.2f})")
        if score < self.min_score:
            return Rejection("language_score", f"{language} {score:.2f} < {self.min_score:.2f}")
        return None


class FilterDocuments(PipelineStep):
    """Applies a domain's filters to the documents that are not rejected yet."""

    type = "FILTER"
    name = "filters"

    def __init__(self, filters: Filters) -> None:
        super().__init__()
        self.filters = filters

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            metadata = document.metadata
            if metadata["rejection"] is None:
                candidate = Candidate(document.text, metadata["locator"], metadata["language"])
                metadata["rejection"] = self.filters.rejection(candidate)
            yield document


class WriteDocuments(PipelineStep):
    """Writes a task's documents and its rejected records, each to a Parquet file named by the task's rank.

    Args:
        folder: where the files go.
        source: the name of the source.
        licence: its licence.
    """

    type = "WRITER"
    name = "documents"

    def __init__(self, folder: Path, source: str, licence: str) -> None:
        super().__init__()
        self.folder = folder
        self.source = source
        self.licence = licence

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        with (
            RowWriter(self.folder / f"documents-{rank:05d}.parquet", SCHEMA) as kept,
            RowWriter(self.folder / f"rejected-{rank:05d}.parquet", REJECTED_SCHEMA) as rejected,
        ):
            for document in data:
                if document.metadata["rejection"] is None:
                    kept.write(self.kept_row(document))
                else:
                    rejected.write(self.rejected_row(document))
                yield document

    def kept_row(self, document: Document) -> dict[str, Any]:
        fields = ("locator", "url", "language", "language_score", "num_bytes")
        return {
            "id": document.id,
            "text": document.text,
            "source": self.source,
            "licence": self.licence,
            **{field: document.metadata[field] for field in fields},
        }

    def rejected_row(self, document: Document) -> dict[str, Any]:
        rejection: Rejection = document.metadata["rejection"]
        return {
            "source": self.source,
            "reason": rejection.reason,
            "detail": rejection.detail[:EXCERPT_CHARACTERS],
            "excerpt": document.text[:EXCERPT_CHARACTERS],
            **{field: document.metadata[field] for field in ("locator", "url", "num_bytes")},
        }


class RowWriter:
    """A Parquet file written row by row, in row groups of equal size."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def write(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []
