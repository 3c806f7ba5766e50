"""A planted corpus with every fate that a document can have, made by the real steps from documents on."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clean_corpus import clean_corpus
from inline_engine import InlineEngine

from pipelines.contamination.benchmarks import BENCHMARKS, BENCHMARKS_ASSET
from pipelines.contamination.references import REFERENCES_SCHEMA
from pipelines.corpus import HELD_OUT, QUADRANTS_ASSET, TRAIN
from pipelines.dedup.parameters import DedupParameters
from pipelines.digests import document_id
from pipelines.documents import REJECTED_SCHEMA, SCHEMA, attributes_schema
from pipelines.filters import Filters
from pipelines.funnel.corpus import TokenSet, corpus_of
from pipelines.held_out import HeldOut
from pipelines.shards import INDEX
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
from quality.samples.inspected import Inspected, inspected
from quality.scoring.declaration import HeuristicScorer
from quality.scoring.step import ensure_scores

ENGINE = InlineEngine()
SPLIT = HeldOut(key="inspect", fraction=0.2)
DOMAINS = {"web_a": "web", "web_b": "web", "web_c": "web", "math_good": "math", "math_bad": "math"}
FILTERS = Filters.model_validate({"gopher_quality": {"min_words": 50, "max_symbols_per_word": 0.1}})
MEASURES = FILTERS.measures
SHORT = "gopher_too_few_words"
STEERING = "\x1b[2J\x1b]0;owned\x07[bold red]not markup[/] \u202egnp.exe\r\x00 " + "x" * 300
SHARDS = {
    "shards/web_high": TokenSet("web", TRAIN),
    "shards/web_low": TokenSet("web", TRAIN),
    "held_out/web": TokenSet("web", HELD_OUT),
    "shards/math": TokenSet("math", TRAIN),
}


def made_up(seed: str, num_words: int) -> list[str]:
    """Words of seven letters."""
    letters = random.Random(seed)
    return ["".join(letters.choices("abcdefghijklmnop", k=7)) for _ in range(num_words)]


def text(name: str, *, split: str = TRAIN, beginning: str = "", end: Sequence[str] = ()) -> str:
    """A text of 60 words or more that falls into a split."""
    for number in count():
        made = " ".join([*([beginning] if beginning else []), *made_up(f"{name} {number}", 60), *end])
        if SPLIT.split([document_id(made)], "any") == [split == HELD_OUT]:
            return made
    raise AssertionError


@dataclass(frozen=True)
class Planted:
    """A record; ``quality`` is the value that the form of a page is scored by."""

    text: str
    quality: float = 0.0
    reason: str | None = None
    detail: str = ""
    num_words: float = 60.0
    language: str = "en"

    @property
    def id(self) -> str:
        return document_id(self.text)

    @property
    def broken_rule(self) -> str | None:
        return SHORT if self.reason is None and self.num_words < 50 else None


QUESTION = made_up("question", 30)
PAGES = [Planted(text(f"page {number}"), quality=float(number)) for number in range(40)]
GERMAN = Planted(text("german"), quality=3.5, language="de")
HELD = Planted(text("held", split=HELD_OUT), quality=12.5)
QUOTING = Planted(text("quoting", end=QUESTION), quality=5.0)
STEERED = Planted(text("steered", beginning=STEERING), quality=0.5)
EXCUSED = Planted(text("excused"), quality=50.0, num_words=20.0)
NOT_EXCUSED = Planted(text("not excused"), quality=1.0, num_words=10.0)
FEW_WORDS = [
    Planted(f"few words {number}", reason=SHORT, detail=f"{number} < 50", num_words=float(number))
    for number in range(6)
]
FRENCH = Planted("quelques mots", reason="language", detail="fr (0.99)", language="fr")
NEAR = [Planted(PAGES[1].text + f" {ending}") for ending in ("once", "twice", "again")]
GOOD = [Planted(text(f"good {number}", end=["theorem", "proof"] * 4)) for number in range(24)]
BAD = [Planted(text(f"bad {number}", end=["subscribe", "cookie"] * 4)) for number in range(24)]

RECORDS: Mapping[str, Sequence[Planted]] = {
    "web_a": [*PAGES, GERMAN, HELD, QUOTING, STEERED, EXCUSED, NOT_EXCUSED, *FEW_WORDS, FRENCH],
    "web_b": [PAGES[0], *NEAR],
    "web_c": [],
    "math_good": GOOD,
    "math_bad": BAD,
}
EMPTY_LOCATOR = "nothing"  # of the one record of web_c


def locator(source: str, planted: Planted) -> str:
    return f"{source}/{planted.id}"


def write_documents(store: Store, source: str) -> Artifact:
    """The records of a source in two files, as its documents, attributes and what was rejected."""

    def row(planted: Planted) -> dict[str, object]:
        return {
            "id": planted.id,
            "text": planted.text,
            "source": source,
            "snapshot": "1",
            "locator": locator(source, planted),
            "url": f"https://{source}.example/{planted.id}",
            "licence": "MIT",
            "language": planted.language,
            "language_score": 0.9,
            "num_bytes": len(planted.text.encode()),
            "broken_rule": planted.broken_rule,
            "kept": planted.reason is None,
            "reason": planted.reason or planted.broken_rule,
            "detail": planted.detail,
            "excerpt": planted.text[:200],
            "quality": planted.quality,
            "num_words": planted.num_words,
            "symbols_per_word": 0.0,
            **{name: None for name in MEASURES if name not in ("num_words", "symbols_per_word")},
        }

    empty = {"source": source, "snapshot": "1", "locator": EMPTY_LOCATOR, "num_bytes": 9, "excerpt": ""}

    def make(draft: Draft) -> None:
        for number in range(2):
            rows = [row(planted) for planted in RECORDS[source][number::2]]
            rejected = [one for one in rows if not one["kept"]]
            if source == "web_c" and number == 0:
                rejected.append(empty | {"reason": "empty", "detail": "no text"})
            for name, of_file, schema in (
                ("documents", [one for one in rows if one["kept"]], SCHEMA),
                ("rejected", rejected, REJECTED_SCHEMA),
                ("attributes", rows, attributes_schema(["quality", *MEASURES])),
            ):
                path = draft.folder / f"{name}-{number:05}.parquet"
                pq.write_table(pa.Table.from_pylist(of_file, schema), path, row_group_size=7)
        draft.facts["domain"] = DOMAINS[source]

    parameters = {
        "source": source,
        "snapshot": "1",
        "domain": {"filters": FILTERS.model_dump(mode="json"), "min_language_score": 0.5},
    }
    return store.ensure(f"documents/{source}/1", make, code_version="1", parameters=parameters).artifact


def write_benchmarks(store: Store) -> Artifact:
    question = {"benchmark": "quiz", "record": "quiz#1", "part": "text", "text": " ".join(QUESTION)}

    def make(draft: Draft) -> None:
        pq.write_table(pa.Table.from_pylist([question], REFERENCES_SCHEMA), draft.folder / BENCHMARKS)

    return store.ensure(BENCHMARKS_ASSET, make, code_version="1", parameters={}).artifact


def write_clean(store: Store, documents: Sequence[Artifact]) -> Artifact:
    """Dedup and decontamination."""
    parameters = DedupParameters(max_removed_share=1)
    return clean_corpus(store, documents, write_benchmarks(store), parameters, DOMAINS, SPLIT, ENGINE)


FORM = HeuristicScorer.model_validate(
    {"kind": "heuristic", "name": "form", "domain": "web", "terms": [{"measure": "quality", "worst": 0, "best": 50}]}
)
TOPIC = FastTextScorer.model_validate(
    {
        "kind": "fasttext",
        "name": "topic",
        "domain": "math",
        "fit": 1,
        "positives": {"sources": ["math_good"]},
        "negatives": {"sources": ["math_bad"]},
        "documents": {
            "languages": ["en"],
            "max_documents_per_source": 100,
            "min_documents_per_side": 10,
            "max_characters": 2000,
        },
        "num_folds": 3,
        "fasttext": {
            "dim": 4,
            "word_ngrams": 1,
            "num_buckets": 64,
            "min_count": 8,
            "num_epochs": 20,
            "learning_rate": 0.5,
            "seed": 1,
        },
        "threshold": 0.5,
    }
)
BUCKETS = {
    "web": BucketsDeclaration.model_validate(
        {
            "domain": "web",
            "scorers": ["form"],
            "stratify_by": None,
            "fit": 1,
            "buckets": [
                {"name": "high", "min_level": 15, "without_rules": ["gopher_*"]},
                {"name": "low", "min_level": 0},
            ],
        }
    ),
    "math": BucketsDeclaration.model_validate(
        {
            "domain": "math",
            "scorers": ["topic"],
            "stratify_by": None,
            "fit": 1,
            "buckets": [{"name": "any", "min_level": 0}],
        }
    ),
}


def write_buckets(
    store: Store, domain: str, clean: Artifact, documents: Sequence[Artifact], tokenizer: Artifact
) -> Artifact:
    """Scores, thresholds and buckets of a domain."""
    of_domain = [artifact for artifact in documents if artifact.record.facts["domain"] == domain]
    scorer: HeuristicScorer | FastTextScorer = FORM if domain == "web" else TOPIC
    fitted = None
    if isinstance(scorer, FastTextScorer):
        fitted = ensure_classifier(store, scorer, clean, of_domain, [], ignore).artifact
    scores = {
        scorer.name: [
            ensure_scores(store, scorer, fitted, artifact, engine=ENGINE, report=ignore).artifact
            for artifact in of_domain
        ]
    }
    declared = BUCKETS[domain]
    thresholds = ensure_thresholds(
        store, declared, scores, clean, of_domain, tokenizer, engine=ENGINE, report=ignore
    ).artifact
    return ensure_buckets(store, declared, thresholds, scores, clean, ignore).artifact


def write_shards(
    store: Store, clean: Artifact, documents: Sequence[Artifact], buckets: Mapping[str, Artifact], tokenizer: Artifact
) -> dict[str, Artifact]:
    return {
        asset: ensure_shards(
            store,
            asset,
            domain=of.domain,
            split=of.split,
            buckets=buckets[of.domain],
            bucket=asset.split("_")[1] if asset.startswith("shards/web_") else None,
            corpus=clean,
            documents=documents,
            tokenizer=tokenizer,
            engine=ENGINE,
            report=ignore,
        ).artifact
        for asset, of in SHARDS.items()
    }


def write_perplexity(store: Store, name: str, shards: Artifact) -> Artifact:
    """Losses that rise from document to document; the first document is too short for one."""
    ids = pq.read_table(shards.folder / INDEX, columns=["id"])["id"].to_pylist()
    nll = np.linspace(1, 3, len(ids))
    rows = [
        {"id": document, "num_tokens_scored": 9, "nll_weak": weak, "nll_strong": 1.0, "pd": weak / 10}
        for document, weak in zip(ids, nll.tolist(), strict=True)
    ]
    rows[0] = {"id": ids[0], "num_tokens_scored": 0, "reason": "too_short"}

    def make(draft: Draft) -> None:
        pq.write_table(pa.Table.from_pylist(rows, PERPLEXITY_SCHEMA), draft.folder / PERPLEXITY)

    parameters = {"weak": "w", "strong": "s", "scoring": {}}
    return store.ensure(
        f"quality/perplexity/{name}", make, code_version="1", parameters=parameters, parents=[shards]
    ).artifact


def write_quadrants(store: Store, shards: Mapping[str, Artifact]) -> Artifact:
    """Quadrants of the documents of shards for training."""
    declared = QuadrantsDeclaration(
        perplexity_of="weak",
        perplexity_quantile=0.5,
        pd_quantile=0.5,
        weight="documents",
        split="marginal",
        stratify_by=(),
    )
    training = {
        asset.removeprefix("shards/"): artifact for asset, artifact in shards.items() if asset.startswith("shards/")
    }
    perplexities = {name: write_perplexity(store, name, artifact) for name, artifact in training.items()}
    return ensure_quadrants(store, declared, perplexities, training, ignore).artifact


def write_corpus(root: Path) -> Store:
    """A store with everything from documents to quadrants; written once below a folder."""
    store = Store(root)
    if store.latest(QUADRANTS_ASSET) is not None:
        return store
    documents = [write_documents(store, source) for source in DOMAINS]
    clean = write_clean(store, documents)
    declared = TokenizerDeclaration(vocab_size=300, sample_bytes_per_domain=1 << 14)
    tokenizer = ensure_tokenizer(store, declared, clean, documents, ignore).artifact
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", lambda _, path, **__: path.touch())  # nobody looks at plots
        buckets = {domain: write_buckets(store, domain, clean, documents, tokenizer) for domain in ("web", "math")}
        write_quadrants(store, write_shards(store, clean, documents, buckets, tokenizer))
    return store


def opened(store: Store) -> Inspected:
    """The newest corpus of a store, to be inspected."""
    return inspected(store, corpus_of(store, store.require("corpus/contamination"), SHARDS, BUCKETS))


def ignore(_line: str) -> None:
    """Where progress goes."""
