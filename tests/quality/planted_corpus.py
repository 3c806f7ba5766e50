"""A small corpus of planted documents, made with the real store and in the real schemas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import SURVIVORS
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


@dataclass(frozen=True)
class Planted:
    """One document to plant."""

    text: str
    language: str = "en"
    split: str = "train"


def prose(words: Sequence[str], seed: int, num_documents: int, split: str = "train") -> list[Planted]:
    """Documents of 60 words, half of them from ``words``."""
    generator = np.random.default_rng(seed)
    vocabulary = [*words, *COMMON_WORDS]
    return [Planted(" ".join(generator.choice(vocabulary, 60)), split=split) for _ in range(num_documents)]


class Corpus:
    """Documents artifacts and the dedup artifact of planted documents."""

    def __init__(self, root: Path, sources: Mapping[str, Sequence[Planted]], domains: Mapping[str, str]) -> None:
        self.store = Store(root)
        self.documents = [self._documents(name, planted, domains[name]) for name, planted in sources.items()]
        rows = [
            {
                "id": document_id(planted.text),
                "source": name,
                "domain": domains[name],
                "licence": "MIT",
                "language": planted.language,
                "num_bytes": len(planted.text.encode()),
                "split": planted.split,
            }
            for name, documents in sources.items()
            for planted in documents
        ]
        self.dedup = self._dedup(sorted(rows, key=lambda row: row["id"]))

    def _documents(self, name: str, planted: Sequence[Planted], domain: str) -> Artifact:
        rows = [document_row(name, index, document.text, document.language) for index, document in enumerate(planted)]

        def make(draft: Draft) -> None:
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), draft.folder / "documents-00000.parquet")
            draft.facts["domain"] = domain

        return self.store.ensure(
            f"documents/{name}", make, code_version="1", parameters={"source": name, "rows": len(rows)}
        ).artifact

    def _dedup(self, rows: list[dict[str, str | int]]) -> Artifact:
        def make(draft: Draft) -> None:
            pq.write_table(pa.Table.from_pylist(rows), draft.folder / SURVIVORS)

        return self.store.ensure("corpus/dedup", make, code_version="1", parameters={}, parents=self.documents).artifact


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


DECLARATION = {
    "name": "web",
    "domain": "web",
    "positives": ["good"],
    "negatives": ["bad"],
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
    "stratify_by": "language",
    "buckets": [
        {"name": "high", "min_percentile": 75},
        {"name": "medium", "min_percentile": 30},
        {"name": "low", "min_percentile": 0},
    ],
}
