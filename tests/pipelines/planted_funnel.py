"""A planted corpus with every fate: documents of two domains, up to decontamination by the real steps, and shards."""

import random
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from clean_corpus import clean_corpus
from dedup_corpora import PARAMETERS, edited, row
from inline_engine import InlineEngine
from made_shards import TokenisedDocument, write_shards

from pipelines.contamination.benchmarks import BENCHMARKS, BENCHMARKS_ASSET
from pipelines.contamination.references import REFERENCES_SCHEMA
from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.digests import document_id
from pipelines.documents import REJECTED_SCHEMA, SCHEMA
from pipelines.funnel.amount import Amount
from pipelines.funnel.corpus import TokenSet
from pipelines.held_out import HeldOut
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Store

SPLIT = HeldOut(key="funnel", fraction=0.3)
DOMAINS = {"web_a": "web", "web_b": "web", "math_c": "math"}
SHARDS = {
    "shards/web_high": TokenSet("web", TRAIN),
    "shards/web_low": TokenSet("web", TRAIN),
    "held_out/web": TokenSet("web", HELD_OUT),
    "shards/math": TokenSet("math", TRAIN),
    "held_out/math": TokenSet("math", HELD_OUT),
}
NUM_BYTES = 1599  # of each text: 200 words of 7 letters
WEB_TOKENS, MATH_TOKENS = 400, 500  # of each document in shards


def made_up(seed: str, num_words: int = 200) -> list[str]:
    """Words of seven letters."""
    letters = random.Random(seed)
    return ["".join(letters.choices("abcdefghijklmnop", k=7)) for _ in range(num_words)]


def text(name: str, split: str = TRAIN, end: Sequence[str] = ()) -> str:
    """A text that falls into a split, with an end that is given."""
    for number in count():
        made = " ".join([*made_up(f"{name} {number}")[: 200 - len(end)], *end])
        if SPLIT.split([document_id(made)], "any") == [split == HELD_OUT]:
            return made
    raise AssertionError


QUESTION = made_up("question", 30)
CLEAN = [text(f"clean {number}") for number in range(4)]
HELD, QUOTING = text("held", HELD_OUT), text("quoting", end=QUESTION)
NEWER, NEWER_HELD = text("newer"), text("newer held", HELD_OUT)
FORMULAS, FORMULAS_HELD = text("formulas"), text("formulas held", HELD_OUT)
KEPT = {
    "web_a/1": [*CLEAN, HELD, QUOTING],
    "web_a/2": [CLEAN[2], NEWER, NEWER_HELD],
    "web_b/1": [CLEAN[0], edited(CLEAN[1].split(), 0.005), edited(HELD.split(), 0.005)],
    "math_c/1": [FORMULAS, FORMULAS_HELD],
}
REJECTED = {
    "web_a/1": [
        ("language", NUM_BYTES),
        ("gopher_too_few_words", 2 * NUM_BYTES),
        ("empty", 1000),
        ("gopher_too_few_words", 2 * NUM_BYTES),
    ]
}
TOKENISED = {
    "shards/web_high": [CLEAN[0], NEWER],
    "shards/web_low": CLEAN[1:],
    "held_out/web": [HELD, NEWER_HELD],
    "shards/math": [FORMULAS],
}


def write_documents(store: Store, place: str) -> Artifact:
    """The kept and rejected records of a source's snapshot."""
    source, snapshot = place.split("/")
    rejected = REJECTED.get(place, [])

    def make(draft: Draft) -> None:
        kept = [row(source, snapshot, made, number) for number, made in enumerate(KEPT[place])]
        for number, rows in enumerate((kept[::2], kept[1::2])):
            pq.write_table(pa.Table.from_pylist(rows, SCHEMA), draft.folder / f"documents-{number:05}.parquet")
        rows = [
            {"source": source, "snapshot": snapshot, "locator": str(number), "reason": reason, "num_bytes": num_bytes}
            | {"url": None, "detail": "", "excerpt": ""}
            for number, (reason, num_bytes) in enumerate(rejected)
        ]
        pq.write_table(pa.Table.from_pylist(rows, REJECTED_SCHEMA), draft.folder / "rejected-00000.parquet")
        num_bytes = NUM_BYTES * len(kept)
        draft.flows = {
            "documents": Flow(num_in=len(kept) + len(rejected), num_kept=len(kept)),
            "bytes": Flow(num_in=num_bytes + sum(size for _, size in rejected), num_kept=num_bytes),
        }

    parameters = {"source": source, "snapshot": snapshot}
    return store.ensure(f"documents/{place}", make, code_version="1", parameters=parameters).artifact


def write_benchmarks(store: Store) -> Artifact:
    question = {"benchmark": "quiz", "record": "quiz#1", "part": "text", "text": " ".join(QUESTION)}

    def make(draft: Draft) -> None:
        pq.write_table(pa.Table.from_pylist([question], REFERENCES_SCHEMA), draft.folder / BENCHMARKS)

    return store.ensure(BENCHMARKS_ASSET, make, code_version="1", parameters={}).artifact


def write_clean(store: Store) -> Artifact:
    """Everything up to decontamination, by the real steps."""
    documents = [write_documents(store, place) for place in KEPT]
    return clean_corpus(store, documents, write_benchmarks(store), PARAMETERS, DOMAINS, SPLIT, InlineEngine())


def write_token_set(store: Store, asset: str, texts: Iterable[str], parent: Artifact) -> Artifact:
    source, num_tokens = ("math_c", MATH_TOKENS) if asset.endswith("math") else ("web_a", WEB_TOKENS)
    documents = [
        TokenisedDocument(document_id(made), np.zeros(num_tokens - 1, np.int64), NUM_BYTES, source, "CC0-1.0", "en")
        for made in texts
    ]

    def make(draft: Draft) -> None:
        write_shards(draft.folder, documents, 384, 0)

    parameters = {"ids": [document.id for document in documents]}
    return store.ensure(asset, make, code_version="1", parameters=parameters, parents=[parent]).artifact


def plant(folder: Path) -> None:
    """Make the corpus and its shards in a store."""
    store = Store(folder)
    clean = write_clean(store)
    for asset, texts in TOKENISED.items():
        write_token_set(store, asset, texts, clean)


def web(num_documents: int) -> Amount:
    return Amount(num_documents, num_documents * NUM_BYTES, num_documents * WEB_TOKENS)


def math(num_documents: int) -> Amount:
    return Amount(num_documents, num_documents * NUM_BYTES, num_documents * MATH_TOKENS)


FILTERED = {"gopher_too_few_words": Amount(2, 4 * NUM_BYTES, 4 * WEB_TOKENS), "empty": Amount(1, 1000, 0)}
FILTERED |= {"language": web(1)}
