"""A small corpus that was made by the real steps from planted documents, some of them hostile, for the report on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from clean_corpus import clean_corpus
from inline_engine import InlineEngine
from planted_corpus import BAD_WORDS, DECLARATION, GOOD_WORDS, document_row, prose

from pipelines.contamination.benchmarks import BENCHMARKS, BENCHMARKS_ASSET
from pipelines.contamination.references import REFERENCES_SCHEMA
from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.dedup.parameters import DedupParameters
from pipelines.documents import REJECTED_SCHEMA, SCHEMA
from pipelines.funnel.corpus import Corpus, TokenSet, corpus_of
from pipelines.held_out import HeldOut
from pipelines.record import Check, Flow
from pipelines.shards import open_shards
from pipelines.store import Artifact, Draft, Store
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TokenizerDeclaration, ensure_tokenizer
from quality.bucketing.buckets import ensure_buckets
from quality.bucketing.declaration import BucketsDeclaration
from quality.bucketing.thresholds import ensure_thresholds
from quality.classifier.declaration import FastTextScorer
from quality.classifier.step import ensure_classifier
from quality.perplexity.attributes import PERPLEXITY
from quality.perplexity.attributes import SCHEMA as PERPLEXITY_SCHEMA
from quality.perplexity.declaration import QuadrantsDeclaration
from quality.perplexity.quadrants import ensure_quadrants
from quality.scoring.collection import ensure_all_scores

ENGINE = InlineEngine()
ATTACK = "<script>window.attacked = 1</script><img src=x onerror='window.attacked = 1'>"
REVERSING = "\u202ereversed\x1b[31m"
ODD_SOURCE = "wiki_<img src=x onerror=attacked()>"  # a name that no declaration would let pass
ADDRESS = "javascript:attacked('\"><script>')"
QUESTION = " ".join(f"question{number}" for number in range(30))
REPEATED = prose(GOOD_WORDS, 7, 1)[0].text
TEXTS = {
    "good": [*(one.text for one in prose(GOOD_WORDS, 1, 40)), f"{ATTACK} {REVERSING} {REPEATED}"],
    "bad": [*(one.text for one in prose(BAD_WORDS, 2, 40)), f"{QUESTION} {prose(BAD_WORDS, 8, 1)[0].text}", REPEATED],
    ODD_SOURCE: [REPEATED, *(one.text for one in prose(GOOD_WORDS, 3, 12))],
}
DOMAINS = {"good": "web", "bad": "web", ODD_SOURCE: "wiki"}
BUCKETS = BucketsDeclaration.model_validate(
    {
        "domain": "web",
        "scorers": ["prose"],
        "stratify_by": None,
        "fit": 1,
        "buckets": [{"name": "high", "min_level": 10}, {"name": "low", "min_level": 0}],
    }
)
SHARDS = {
    "shards/web_high": TokenSet("web", TRAIN),
    "shards/web_low": TokenSet("web", TRAIN),
    "held_out/web": TokenSet("web", HELD_OUT),
    "shards/wiki": TokenSet("wiki", TRAIN),
    "held_out/wiki": TokenSet("wiki", HELD_OUT),
}
EXPECTED = ["classifiers/prose", "thresholds/web", "buckets/web", *SHARDS]
REMOVED_SHARE = Check(name="removed_share", passed=False, detail="0.4; expected at most 0.3", promotable=True)
LANGUAGE_MIX = Check(name="language_mix", passed=False, severity="warn", detail=f"{ATTACK} is unusual")


def ignore(_line: str) -> None:
    """Where progress goes."""


class ReportedCorpus:
    """A store with all that a report tells of; ``make_buckets`` and ``make_quadrants`` come after the rest."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.documents = [self._documents(source) for source in TEXTS]
        self.clean = self._clean()
        declared = TokenizerDeclaration(vocab_size=300, sample_bytes_per_domain=1 << 14)
        self.tokenizer = ensure_tokenizer(self.store, declared, self.clean, self.documents, ignore).artifact
        self._shards("shards/wiki", None, None)
        self._shards("held_out/wiki", None, None)

    def corpus(self) -> Corpus:
        return corpus_of(self.store, self.clean, SHARDS, ["web"])

    def make_buckets(self) -> None:
        """The classifier, scores, thresholds and buckets of web, and its shards."""
        store, scorer = self.store, FastTextScorer.model_validate(DECLARATION)
        web = self.documents[:2]
        classifier = ensure_classifier(store, scorer, self.clean, web, [], ignore).artifact
        collected = ensure_all_scores(store, scorer, classifier, web, engine=ENGINE, report=ignore).artifact
        scores = {"prose": [store.find(parent) for parent in collected.record.parents]}
        thresholds = ensure_thresholds(
            store, BUCKETS, scores, self.clean, web, self.tokenizer, engine=ENGINE, report=ignore
        ).artifact
        buckets = ensure_buckets(store, BUCKETS, thresholds, scores, self.clean, ignore).artifact
        for bucket in BUCKETS.bucket_names:
            self._shards(f"shards/web_{bucket}", buckets, bucket)
        self._shards("held_out/web", buckets, None)

    def make_quadrants(self) -> None:
        """Quadrants of the training shards, by planted perplexities."""
        shards = {asset.removeprefix("shards/"): self.store.require(asset) for asset in SHARDS if "shards/" in asset}
        declaration = QuadrantsDeclaration(
            perplexity_of="strong",
            perplexity_quantile=0.5,
            pd_quantile=0.5,
            weight="tokens",
            split="marginal",
            stratify_by=(),
        )
        perplexities = {name: self._perplexity(name, artifact) for name, artifact in shards.items()}
        ensure_quadrants(self.store, declaration, perplexities, shards, ignore)

    def _documents(self, source: str) -> Artifact:
        """The documents of a source, and a record that was rejected. The raw artifact of ``bad`` had to be promoted."""
        checks = [REMOVED_SHARE] if source == "bad" else []
        raw = self._ensure(f"raw/{source}/1", lambda draft: draft.checks.extend(checks), {})
        if checks:
            self.store.promote(raw, who="Ada", why="the publisher took half of it down")
        texts = TEXTS[source]
        rows = [row(source, number, text) for number, text in enumerate(texts)]
        rejected = {"source": source, "snapshot": "1", "locator": "broken", "url": ADDRESS, "reason": "empty"}
        rejected |= {"detail": ATTACK, "num_bytes": 100, "excerpt": ATTACK}

        def make(draft: Draft) -> None:
            pq.write_table(pa.Table.from_pylist(rows, SCHEMA), draft.folder / "documents-00000.parquet")
            pq.write_table(pa.Table.from_pylist([rejected], REJECTED_SCHEMA), draft.folder / "rejected-00000.parquet")
            attributes = [{**known, "kept": True} for known in rows]
            pq.write_table(pa.Table.from_pylist(attributes), draft.folder / "attributes-00000.parquet")
            num_bytes = sum(known["num_bytes"] for known in rows)
            draft.flows["documents"] = Flow(num_in=len(rows) + 1, num_kept=len(rows), dropped={"empty": 1})
            draft.flows["bytes"] = Flow(num_in=num_bytes + 100, num_kept=num_bytes, dropped={"empty": 100})
            draft.facts["domain"] = DOMAINS[source]
            draft.checks.append(LANGUAGE_MIX)

        parameters = {"source": source, "snapshot": "1", "licence": "MIT"}
        return self._ensure(f"documents/{source}/1", make, parameters, [raw])

    def _clean(self) -> Artifact:
        return clean_corpus(
            self.store,
            self.documents,
            self._ensure(BENCHMARKS_ASSET, write_benchmarks, {}),
            DedupParameters(max_removed_share=1),
            {source: DOMAINS[source] for source in (ODD_SOURCE, "good", "bad")},
            HeldOut(key="report", fraction=0.2),
            ENGINE,
        )

    def _shards(self, asset: str, buckets: Artifact | None, bucket: str | None) -> None:
        of = SHARDS[asset]
        ensure_shards(
            self.store,
            asset,
            domain=of.domain,
            split=of.split,
            buckets=buckets,
            bucket=bucket,
            corpus=self.clean,
            documents=self.documents,
            tokenizer=self.tokenizer,
            engine=ENGINE,
            report=ignore,
        )

    def _perplexity(self, name: str, shards: Artifact) -> Artifact:
        ids = open_shards(shards).index["id"].to_pylist()

        def make(draft: Draft) -> None:
            columns = {
                "id": ids,
                "num_tokens_scored": [5] * len(ids),
                "nll_weak": [2.0] * len(ids),
                "nll_strong": [1 + number / 10 for number in range(len(ids))],
                "pd": [number % 5 / 10 for number in range(len(ids))],
                "reason": [None] * len(ids),
            }
            pq.write_table(pa.table(columns, schema=PERPLEXITY_SCHEMA), draft.folder / PERPLEXITY)
            draft.facts |= {"weak": "models/weak@1", "strong": "models/strong@1"}

        parameters = {"weak": "w", "strong": "s", "scoring": {"max_tokens": 16, "min_tokens": 4}}
        return self._ensure(f"quality/perplexity/{name}", make, parameters, [shards])

    def _ensure(
        self, asset: str, make: Any, parameters: Mapping[str, Any], parents: Sequence[Artifact] = ()
    ) -> Artifact:
        return self.store.ensure(asset, make, code_version="1", parameters=parameters, parents=parents).artifact


def row(source: str, number: int, text: str) -> dict[str, Any]:
    known = {"url": ADDRESS, "licence": f"MIT{ATTACK}" if ATTACK in text else "MIT", "broken_rule": None}
    return document_row(source, number, text, "en") | known


def write_benchmarks(draft: Draft) -> None:
    question = {"benchmark": "quiz", "record": "quiz#1", "part": "text", "text": QUESTION}
    pq.write_table(pa.Table.from_pylist([question], REFERENCES_SCHEMA), draft.folder / BENCHMARKS)
