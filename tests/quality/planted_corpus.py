"""A small corpus of planted documents, made with the real store and in the real schemas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import CONTAMINATION_ASSET, SURVIVORS
from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Store

GOOD_WORDS = [
    "theorem",
    "history",
    "river",
    "empire",
    "evidence",
    "century",
    "treaty",
    "language",
    "proof",
    "climate",
    "species",
]
BAD_WORDS = [
    "click",
    "buy",
    "login",
    "cookie",
    "subscribe",
    "cart",
    "share",
    "offer",
    "cheap",
    "newsletter",
    "download",
]
COMMON_WORDS = ["the", "of", "and", "to", "in", "is", "that", "for", "it", "as", "with", "on"]

SURVIVORS_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "source", "domain", "licence", "language", "split", "broken_rule")),
        ("num_bytes", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Planted:
    """One document to plant."""

    text: str
    language: str = "en"
    split: str = "train"
    broken_rule: str | None = None


def prose(words: Sequence[str], seed: int, num_documents: int, split: str = "train") -> list[Planted]:
    """Documents of 60 words, half of them from ``words``."""
    generator = np.random.default_rng(seed)
    vocabulary = [*words, *COMMON_WORDS]
    return [Planted(" ".join(generator.choice(vocabulary, 60)), split=split) for _ in range(num_documents)]


class Corpus:
    """The artifacts of planted documents, and that of the survivors: all of them."""

    def __init__(self, root: Path, sources: Mapping[str, Sequence[Planted]], domains: Mapping[str, str]) -> None:
        self.store = Store(root)
        self.documents = [self._documents(name, planted, domains[name]) for name, planted in sources.items()]
        rows: list[dict[str, str | int | None]] = [
            {
                "id": document_id(planted.text),
                "source": name,
                "domain": domains[name],
                "licence": "MIT",
                "language": planted.language,
                "num_bytes": len(planted.text.encode()),
                "split": planted.split,
                "broken_rule": planted.broken_rule,
            }
            for name, documents in sources.items()
            for planted in documents
        ]
        self.survivors = self._survivors(sorted(rows, key=lambda row: str(row["id"])))

    def _documents(self, name: str, planted: Sequence[Planted], domain: str) -> Artifact:
        rows = [document_row(name, index, document.text, document.language) for index, document in enumerate(planted)]

        def make(draft: Draft) -> None:
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), draft.folder / "documents-00000.parquet")
            draft.facts["domain"] = domain

        return self.store.ensure(
            f"documents/{name}", make, code_version="1", parameters={"source": name, "rows": len(rows)}
        ).artifact

    def _survivors(self, rows: list[dict[str, str | int | None]]) -> Artifact:
        def make(draft: Draft) -> None:
            pq.write_table(pa.Table.from_pylist(rows, schema=SURVIVORS_SCHEMA), draft.folder / SURVIVORS)

        return self.store.ensure(
            CONTAMINATION_ASSET, make, code_version="1", parameters={}, parents=self.documents
        ).artifact


def document_row(source: str, index: int, text: str, language: str = "en") -> dict[str, str | int | float | None]:
    return {
        "id": document_id(text),
        "text": text,
        "source": source,
        "snapshot": "1",
        "locator": f"pages.jsonl:{index}",
        "url": None,
        "licence": "MIT",
        "repository": None,
        "answer_start": None,
        "language": language,
        "language_score": 1.0,
        "num_bytes": len(text.encode()),
    }


def conserved(num_documents: int, num_bytes: int) -> dict[str, Flow]:
    return {
        "documents": Flow(num_in=num_documents, num_kept=num_documents),
        "bytes": Flow(num_in=num_bytes, num_kept=num_bytes),
    }


DECLARATION: dict[str, Any] = {
    "kind": "fasttext",
    "name": "prose",
    "domain": "web",
    "fit": 1,
    "positives": {"sources": ["good"]},
    "negatives": {"sources": ["bad"]},
    "documents": {
        "languages": ["en"],
        "max_documents_per_source": 70,
        "min_documents_per_side": 20,
        "max_characters": 1000,
    },
    "num_folds": 3,
    "fasttext": {
        "dim": 8,
        "word_ngrams": 2,
        "num_buckets": 1024,
        "min_count": 1,
        "num_epochs": 10,
        "learning_rate": 0.3,
        "seed": 1,
    },
    "threshold": 0.5,
}
