"""What is counted of a file of documents in the pass that writes it: one row a file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.digests import document_id

STATISTICS = "statistics-*.parquet"
FAULTS = ("wrong_ids", "wrong_sizes", "without_text", "without_licence", "without_language", "answers_outside_text")
NUM_EXAMPLES = 3

STATISTICS_SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("num_documents", pa.int64(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),  # of all texts in UTF-8
        pa.field("largest_num_bytes", pa.int64(), nullable=False),  # of one text
        pa.field("languages", pa.list_(pa.string()), nullable=False),  # sorted
        pa.field("licences", pa.list_(pa.string()), nullable=False),  # sorted
        *(pa.field(f"num_{fault}", pa.int64(), nullable=False) for fault in FAULTS),
        *(pa.field(fault, pa.list_(pa.string()), nullable=False) for fault in FAULTS),  # the first ids with it
    ]
)


class DocumentStatistics:
    """Counts over the documents of one file.

    Args:
        file: its name.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._num_documents = self._num_bytes = self._largest = 0
        self._languages: set[str] = set()
        self._licences: set[str] = set()
        self._num_faults = dict.fromkeys(FAULTS, 0)
        self._examples: dict[str, list[str]] = {fault: [] for fault in FAULTS}

    def add(self, document: Mapping[str, Any]) -> None:
        """Count a document, a row in the schema of documents."""
        text = document["text"].encode()
        self._num_documents += 1
        self._num_bytes += len(text)
        self._largest = max(self._largest, len(text))
        self._languages.add(document["language"])
        self._licences.add(document["licence"])
        for fault in faults(document, len(text)):
            self._num_faults[fault] += 1
            if self._num_faults[fault] <= NUM_EXAMPLES:
                self._examples[fault].append(document["id"])

    def row(self) -> dict[str, Any]:
        """The counts, in STATISTICS_SCHEMA."""
        return {
            "file": self.file,
            "num_documents": self._num_documents,
            "num_bytes": self._num_bytes,
            "largest_num_bytes": self._largest,
            "languages": sorted(self._languages),
            "licences": sorted(self._licences),
            **{f"num_{fault}": count for fault, count in self._num_faults.items()},
            **self._examples,
        }

    def write(self, path: Path) -> None:
        pq.write_table(pa.Table.from_pylist([self.row()], schema=STATISTICS_SCHEMA), path)


def faults(document: Mapping[str, Any], num_bytes: int) -> Iterator[str]:
    """What is wrong with a document, of FAULTS.

    Args:
        num_bytes: of its text in UTF-8.
    """
    if document["id"] != document_id(document["text"]):
        yield "wrong_ids"
    if document["num_bytes"] != num_bytes:
        yield "wrong_sizes"
    if not document["text"].strip():
        yield "without_text"
    if not document["licence"].strip():
        yield "without_licence"
    if not document["language"].strip():
        yield "without_language"
    if document["answer_start"] is not None and not 0 <= document["answer_start"] < num_bytes:
        yield "answers_outside_text"
