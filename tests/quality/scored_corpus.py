"""A corpus of planted scores: its documents have known numbers of tokens, and everything is a real artifact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import CONTAMINATION_ASSET, SURVIVORS
from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.engines import LocalEngine
from pipelines.store import Artifact, Draft, Outcome, Store
from pipelines.tokenizer import TokenizerDeclaration, ensure_tokenizer
from quality.bucketing.buckets import ensure_buckets
from quality.bucketing.declaration import BucketsDeclaration
from quality.bucketing.thresholds import ensure_thresholds
from quality.scoring.table import SCORES_SCHEMA

READ = pa.schema([SCHEMA.field(name) for name in ("id", "text", "source")])
NUM_BYTES_TOKENS = 257  # a vocabulary of the bytes and the end of text: a document has a token more than bytes
ENGINE = LocalEngine(workers=1)
SCORERS = {"prose": "a model", "form": "rules"}  # what the scores of each depend on

DECLARATION: dict[str, Any] = {
    "domain": "web",
    "scorers": ["prose", "form"],
    "stratify_by": "language",
    "fit": 1,
    "buckets": [
        {"name": "high", "min_level": 19, "without_rules": ["gopher_*"]},
        {"name": "medium", "min_level": 10, "without_rules": ["gopher_*"]},
        {"name": "low", "min_level": 0},
    ],
}


def declared(**changes: Any) -> BucketsDeclaration:
    return BucketsDeclaration.model_validate(DECLARATION | changes)


@dataclass(frozen=True)
class Planted:
    """A document with its scores by scorer, or the reason why one has none."""

    name: str
    scores: Mapping[str, float | str]
    num_tokens: int = 10
    language: str = "en"
    split: str = "train"
    broken_rule: str | None = None

    @property
    def text(self) -> str:
        return self.name.ljust(self.num_tokens - 1, ".")

    @property
    def id(self) -> str:
        return document_id(self.text)


def ladder(prefix: str, num_documents: int, **other: Any) -> list[Planted]:
    """Documents with the scores 0, 1 and so on by prose, and the same falling by form."""
    return [
        Planted(f"{prefix}{number}", {"prose": float(number), "form": float(-number)}, **other)
        for number in range(num_documents)
    ]


def ignore(_line: str) -> None:
    """Where progress goes in tests."""


@dataclass
class ScoredCorpus:
    """Sources of planted documents and what thresholds and buckets are made from.

    Args:
        fit: of the classifier behind prose; None where there is none.
    """

    root: Path
    sources: Mapping[str, Sequence[Planted]]
    scorers: Mapping[str, str] = field(default_factory=lambda: SCORERS)
    fit: int | None = None

    def __post_init__(self) -> None:
        self.store = Store(self.root)
        self.documents = [self._documents(name) for name in self.sources]
        self.corpus = self._survivors()
        self.scores = {scorer: [self.make_scores(scorer, name) for name in self.sources] for scorer in self.scorers}
        declaration = TokenizerDeclaration(vocab_size=NUM_BYTES_TOKENS, sample_bytes_per_domain=1 << 20)
        self.tokenizer = ensure_tokenizer(self.store, declaration, self.corpus, self.documents, ignore).artifact

    def thresholds(self, **changes: Any) -> Outcome:
        return ensure_thresholds(
            self.store,
            declared(**changes),
            self.scores,
            self.corpus,
            self.documents,
            self.tokenizer,
            engine=ENGINE,
            report=ignore,
        )

    def buckets(self, **changes: Any) -> Outcome:
        thresholds = self.thresholds(**changes).artifact
        return ensure_buckets(self.store, declared(**changes), thresholds, self.scores, self.corpus, ignore)

    def _documents(self, source: str) -> Artifact:
        rows = [{"id": one.id, "text": one.text, "source": source} for one in self.sources[source]]

        def make(draft: Draft) -> None:
            pq.write_table(pa.Table.from_pylist(rows, READ), draft.folder / "documents-00000.parquet")
            draft.facts["domain"] = "web"

        return self._ensure(f"documents/{source}/1", make, {"source": source, "rows": len(rows)})

    def _survivors(self) -> Artifact:
        rows = [
            {
                "id": one.id,
                "source": source,
                "domain": "web",
                "language": one.language,
                "num_bytes": len(one.text),
                "split": one.split,
                "broken_rule": one.broken_rule,
            }
            for source, documents in self.sources.items()
            for one in documents
        ]

        def make(draft: Draft) -> None:
            schema = pa.schema([(name, pa.int64() if name == "num_bytes" else pa.string()) for name in rows[0]])
            pq.write_table(pa.Table.from_pylist(rows, schema).sort_by("id"), draft.folder / SURVIVORS)

        return self._ensure(CONTAMINATION_ASSET, make, {"rows": len(rows)})

    def make_scores(self, scorer: str, source: str) -> Artifact:
        def row(one: Planted) -> dict[str, Any]:
            given = one.scores[scorer]
            is_reason = isinstance(given, str)
            return {"id": one.id, "score": None if is_reason else given, "reason": given if is_reason else None}

        def make(draft: Draft) -> None:
            rows = [row(one) for one in self.sources[source]]
            pq.write_table(pa.Table.from_pylist(rows, SCORES_SCHEMA), draft.folder / "scores-00000.parquet")

        parameters = {"source": source, "snapshot": "1", "scorer": self.scorers[scorer]}
        fitted = [self._classifier(self.fit)] if scorer == "prose" and self.fit else []
        rows = {"rows": len(self.sources[source])}
        return self._ensure(f"scores/{scorer}/{source}/1", make, parameters | rows, fitted)

    def _classifier(self, fit: int) -> Artifact:
        def make(draft: Draft) -> None:
            (draft.folder / "model.bin").write_text(str(fit))

        return self._ensure("classifiers/prose", make, {"fit": fit})

    def _ensure(
        self, asset: str, make: Any, parameters: Mapping[str, Any], parents: Sequence[Artifact] = ()
    ) -> Artifact:
        return self.store.ensure(asset, make, code_version="1", parameters=parameters, parents=parents).artifact
