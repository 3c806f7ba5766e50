"""Planted documents with attributes in several files and row groups, and what is read of their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.digests import document_id
from pipelines.documents import SCHEMA, attributes_schema
from pipelines.engines import LocalEngine
from pipelines.store import Artifact, Draft, Store
from quality.scoring.declaration import Scorer
from quality.scoring.step import ensure_scores
from quality.scoring.table import SCORE_FILES

ROWS_PER_GROUP = 2
MEASURES = ("num_words", "bullet_lines")

WITHOUT_CHARACTERS = {"empty": "", "blank": " \n\t "}
WITHOUT_WORDS = {
    "punctuation": "?!",
    "digits": "123 456",
    "emoji": "😀🚀👨\u200d👩\u200d👧",
    "lone combining mark": "\u0301",
    "controls": "\x00\x01\x7f\x1b",
    "replacement characters": "\ufffd" * 200,
}
WITH_WORDS = {
    "one word": "word",
    "binary": bytes(range(256)).decode("latin-1"),
    "mixed scripts": "доказательство 证明 ๑๒ नमस्ते بسم",
    "long": "theorem " * 100_000,
    "long without a space": "x" * 1_000_000,
}
ODD_TEXTS = list((WITHOUT_CHARACTERS | WITHOUT_WORDS | WITH_WORDS).values())


@dataclass(frozen=True)
class Planted:
    """A document to plant, kept unless it has a reason; a measure that is not given is not measured."""

    text: str
    measures: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    language: str = "en"


def document_rows(source: str, planted: Sequence[Planted]) -> list[dict[str, object]]:
    return [
        {
            "id": document_id(document.text),
            "text": document.text,
            "source": source,
            "snapshot": "1",
            "locator": f"pages.jsonl#{number}",
            "licence": "MIT",
            "language": document.language,
            "language_score": 1.0,
            "num_bytes": len(document.text.encode()),
            "kept": document.reason is None,
            "reason": document.reason,
            **{name: document.measures.get(name) for name in MEASURES},
        }
        for number, document in enumerate(planted)
    ]


def make_documents(store: Store, files: Sequence[Sequence[Planted]], source: str = "pages") -> Artifact:
    """The artifact ``documents/<source>/1`` with a file for each sequence, two rows in each row group."""

    def make(draft: Draft) -> None:
        for number, planted in enumerate(files):
            rows = document_rows(source, planted)
            attributes = pa.Table.from_pylist(rows, attributes_schema(MEASURES))
            pq.write_table(attributes, draft.folder / f"attributes-{number:05d}.parquet")
            kept = pa.Table.from_pylist([row for row in rows if row["kept"]], SCHEMA)
            pq.write_table(kept, draft.folder / f"documents-{number:05d}.parquet", row_group_size=ROWS_PER_GROUP)

    return store.ensure(
        f"documents/{source}/1",
        make,
        code_version="1",
        parameters={"source": source, "snapshot": "1", "planted": repr(files)},
    ).artifact


def score(
    store: Store,
    scorer: Scorer,
    documents: Artifact,
    fitted: Artifact | None = None,
    *,
    workers: int = 1,
    reports: list[str] | None = None,
) -> Artifact:
    engine = LocalEngine(workers=workers)
    report = (reports if reports is not None else []).append
    return ensure_scores(store, scorer, fitted, documents, engine=engine, report=report).artifact


def score_rows(scores: Artifact) -> list[dict[str, object]]:
    """The rows of all files of scores."""
    rows: list[dict[str, object]] = [
        row for path in scores.files(SCORE_FILES) for row in pq.read_table(path).to_pylist()
    ]
    return rows


def outcomes(scores: Artifact) -> list[object]:
    """The score of each document, or its reason."""
    return [row["reason"] if row["score"] is None else row["score"] for row in score_rows(scores)]
