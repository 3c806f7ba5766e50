"""Labelled documents of files: each once, without those that the corpus holds out or has on the same side."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import pyarrow as pa

from pipelines.corpus import HELD_OUT, survivors
from pipelines.digests import document_id
from pipelines.errors import PhaselineError
from pipelines.process.final_text import final_text
from pipelines.readers.records import Record
from pipelines.store import Artifact
from quality.classifier.candidates import SCHEMA, Candidates, sample_order
from quality.classifier.declaration import FastTextScorer
from quality.classifier.from_sources import labelled_survivors


class Labelled(NamedTuple):
    """A document, SCHEMA."""

    id: str
    source: str
    label: int
    text: str


def documents_of_files(scorer: FastTextScorer, corpus: Artifact, records: Mapping[str, Iterable[Record]]) -> Candidates:
    """The first documents of each labelled file.

    Args:
        records: those of each labelled file, by its name.

    Raises:
        PhaselineError: a document is on both sides.
    """
    files = LabelledFiles(scorer, corpus)
    chosen = [
        document
        for label, side in scorer.sides.items()
        for file in side.files
        for document in files.first_documents(file.name, label, records[file.name])
    ]
    files.refuse_both_sides()
    table = pa.Table.from_pylist([document._asdict() for document in chosen], schema=SCHEMA)
    return Candidates(table, files.num_records, files.dropped)


class LabelledFiles:
    """Reads labelled files one after the other, and counts what is not learnt from."""

    def __init__(self, scorer: FastTextScorer, corpus: Artifact) -> None:
        rows = labelled_survivors(scorer, corpus)
        columns = zip(rows["id"].to_pylist(), rows["source"].to_pylist(), strict=True)
        self._scorer = scorer
        self._labels = {document: scorer.source_labels[source] for document, source in columns}
        self._held_out = frozenset(survivors(corpus, split=HELD_OUT)["id"].to_pylist())
        self._on_both_sides: list[str] = []
        self.num_records = 0
        self.dropped: Counter[str] = Counter()

    def first_documents(self, file: str, label: int, records: Iterable[Record]) -> list[Labelled]:
        """The documents of a file that come first in the order of sampling; no others stay in memory."""
        most = self._scorer.documents.max_documents_per_source
        documents = self._documents(file, label, records)
        first = heapq.nsmallest(most, documents, key=lambda document: sample_order(document.id))
        self.dropped["over_source_maximum"] -= len(first)
        return first

    def refuse_both_sides(self) -> None:
        """Raise PhaselineError if a document had both labels."""
        if self._on_both_sides:
            raise PhaselineError(
                f"classifier {self._scorer.name} has {len(self._on_both_sides)} documents among both positives and "
                f"negatives, the first is {self._on_both_sides[0]}",
                "remove them from the labelled files of one side",
            )

    def _documents(self, file: str, label: int, records: Iterable[Record]) -> Iterator[Labelled]:
        """The documents that may be taken; all count as too many until they are."""
        for record in records:
            self.num_records += 1
            text, _ = final_text(record.text, record.answer)
            document = document_id(text)
            reason = self._reason_against(document, record, text)
            if reason == "duplicate" and self._labels[document] != label:
                self._on_both_sides.append(document)
            self.dropped[reason or "over_source_maximum"] += 1
            if reason is None:
                self._labels[document] = label
                yield Labelled(document, file, label, text[: self._scorer.documents.max_characters])

    def _reason_against(self, document: str, record: Record, text: str) -> str | None:
        if record.rejection is not None:
            return record.rejection.reason
        if not text:
            return "empty"
        if record.language is not None and record.language not in self._scorer.documents.languages:
            return "language"
        if document in self._held_out:
            return "held_out"
        return "duplicate" if document in self._labels else None
