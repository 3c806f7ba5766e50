"""A planted corpus with every fate: the funnel finds each document where it went, and says so where one is missing."""

import random
import shutil
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dedup_corpora import PARAMETERS, edited, ignore, row
from inline_engine import InlineEngine

from pipelines.contamination.benchmarks import BENCHMARKS, BENCHMARKS_ASSET
from pipelines.contamination.declaration import Benchmarks
from pipelines.contamination.references import REFERENCES_SCHEMA
from pipelines.contamination.step import ensure_contamination
from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.dedup.signatures import ensure_signatures
from pipelines.dedup.step import ensure_dedup
from pipelines.digests import document_id
from pipelines.documents import REJECTED_SCHEMA, SCHEMA
from pipelines.errors import PhaselineError
from pipelines.funnel.amount import Amount
from pipelines.funnel.build import funnels
from pipelines.funnel.corpus import Corpus, TokenSet, corpus_of
from pipelines.funnel.funnel import WAITING, Funnel, Step, combined
from pipelines.funnel.plot import by_kind, plot_funnels
from pipelines.held_out import HeldOut
from pipelines.record import Flow
from pipelines.shards import TokenisedDocument, write_shards
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
    engine = InlineEngine()
    signatures = [
        ensure_signatures(store, artifact, PARAMETERS, engine=engine, report=ignore).artifact for artifact in documents
    ]
    dedup = ensure_dedup(
        store, documents, signatures, PARAMETERS, list(DOMAINS), DOMAINS, SPLIT, engine=engine, report=ignore
    ).artifact
    quiz = {"name": "quiz", "licence": "MIT", "reader": {"format": "text", "include": ["*"]}}
    declared = Benchmarks.model_validate(
        {
            "matching": {"max_documents": 10},
            "held_out": {"max_documents": 10},
            "benchmarks": [quiz | {"snapshots": {"1": {"folder": "quiz"}}}],
        }
    )
    return ensure_contamination(
        store, declared, write_benchmarks(store), dedup, documents, engine=engine, report=ignore
    ).artifact


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


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store that holds the corpus."""
    folder = tmp_path_factory.mktemp("funnel")
    store = Store(folder)
    clean = write_clean(store)
    for asset, texts in TOKENISED.items():
        write_token_set(store, asset, texts, clean)
    return folder


@pytest.fixture
def store(planted: Path, tmp_path: Path) -> Store:
    """A copy of the store, to be altered."""
    return Store(shutil.copytree(planted, tmp_path / "copy"))


@pytest.fixture
def corpus(store: Store) -> Corpus:
    return newest(store)


def newest(store: Store) -> Corpus:
    return corpus_of(store, store.require("corpus/contamination"), SHARDS)


def web(num_documents: int) -> Amount:
    return Amount(num_documents, num_documents * NUM_BYTES, num_documents * WEB_TOKENS)


def math(num_documents: int) -> Amount:
    return Amount(num_documents, num_documents * NUM_BYTES, num_documents * MATH_TOKENS)


FILTERED = {"gopher_too_few_words": Amount(2, 4 * NUM_BYTES, 4 * WEB_TOKENS), "empty": Amount(1, 1000, 0)}
FILTERED |= {"language": web(1)}


def test_every_fate_is_counted_by_domain(corpus: Corpus) -> None:
    of_math, of_web = funnels(corpus)
    removed = {"exact_duplicate": web(2), "near_duplicate": web(1), "near_duplicate_of_held_out": web(1)}
    splits = {TRAIN: web(5), HELD_OUT: web(2)}
    assert of_web == Funnel(
        "web",
        Step("documents", Amount(16, 17 * NUM_BYTES + 1000, 17 * WEB_TOKENS), {"documents": web(12)}, FILTERED),
        Step("dedup", web(12), {"survivors": web(8)}, removed),
        Step("decontamination", web(8), splits, {"contaminated_quiz": web(1)}),
        Step("train", web(5), {"shards/web_high": web(2), "shards/web_low": web(3)}, {}),
        Step("held_out", web(2), {"held_out/web": web(2)}, {}),
    )
    assert list(of_web.documents.dropped) == ["gopher_too_few_words", "empty", "language"]
    assert (of_web.all_dropped.num_documents, of_web.all_kept) == (9, web(7))
    assert of_math.held_out.kept == {WAITING: math(1)}
    assert of_math.training.kept == {"shards/math": math(1)}
    assert of_web.closes
    assert of_math.closes


def test_a_domain_divides_into_its_sources(corpus: Corpus) -> None:
    first, second = funnels(corpus, "web")
    assert (first.name, second.name) == ("web_a", "web_b")
    assert first.dedup.dropped == {"exact_duplicate": web(1)}
    assert second.read == web(3)  # by the tokens of web_a: nothing of web_b is in shards
    assert second.dedup.dropped == {
        "exact_duplicate": web(1),
        "near_duplicate": web(1),
        "near_duplicate_of_held_out": web(1),
    }
    assert second.all_kept == Amount()
    assert combined("web", [first, second]) == funnels(corpus)[1]


def test_a_source_divides_into_its_snapshots(corpus: Corpus) -> None:
    first, second = funnels(corpus, "web_a")
    assert (first.name, second.name) == ("1", "2")
    assert first.documents.dropped == FILTERED
    assert first.training.kept == {"shards/web_high": web(1), "shards/web_low": web(3)}
    assert first.held_out.kept == {"held_out/web": web(1)}
    assert second.dedup == Step("dedup", web(3), {"survivors": web(2)}, {"exact_duplicate": web(1)})
    assert second.training.kept == {"shards/web_high": web(1)}
    assert second.held_out.kept == {"held_out/web": web(1)}
    assert first.closes
    assert second.closes
    assert combined("web_a", [first, second]).steps == funnels(corpus, "web")[0].steps


def test_shards_of_an_earlier_corpus_do_not_count(store: Store) -> None:
    other = write_benchmarks(store)
    write_token_set(store, "shards/web_low", CLEAN, other)
    (_, of_web) = funnels(newest(store))
    assert of_web.training.kept == {"shards/web_high": web(2), WAITING: web(3)}
    assert of_web.closes


def test_before_anything_is_tokenised_no_tokens_are_known(store: Store) -> None:
    for asset in TOKENISED:
        shutil.rmtree(store.folder(asset))
    (_, of_web) = funnels(newest(store))
    assert of_web.read == Amount(16, 17 * NUM_BYTES + 1000, None)
    assert of_web.training.kept == {WAITING: Amount(5, 5 * NUM_BYTES, None)}
    assert of_web.closes


@pytest.mark.parametrize(
    ("pattern", "step", "num_lost"),
    [
        ("documents/web_a/1/1/rejected-00000.parquet", "documents", 1),
        ("corpus/dedup/1/removals.parquet/part-00000.parquet", "dedup", 1),
        ("corpus/contamination/1/contamination.parquet", "decontamination", 1),
        ("shards/web_low/1/index.parquet", "train", 1),
        ("held_out/web/1/index.parquet", "held_out", 1),
    ],
)
def test_a_row_that_is_missing_from_a_file_is_lost_at_its_step(
    store: Store, pattern: str, step: str, num_lost: int
) -> None:
    path = store.root / "artifacts" / pattern
    pq.write_table(pq.read_table(path).slice(num_lost), path)
    (_, of_web) = funnels(newest(store))
    assert not of_web.closes
    assert [(each.name, each.lost) for each in of_web.steps if not each.closes] == [
        (step, Amount(num_lost, num_lost * NUM_BYTES, None))
    ]


def test_an_unknown_name_is_refused_with_those_that_there_are(corpus: Corpus) -> None:
    with pytest.raises(PhaselineError, match=r"no domain or source wiki(?s:.*)math, web, math_c, web_a, web_b"):
        funnels(corpus, "wiki")


def test_bars_hold_everything_that_was_read_and_are_drawn_alike(corpus: Corpus, tmp_path: Path) -> None:
    found = funnels(corpus)
    for each in found:
        read = sum(by_kind(each).values(), Amount())
        assert (read.num_documents, read.num_bytes) == (each.read.num_documents, each.read.num_bytes)
    of_web = by_kind(found[1])
    assert (of_web["near duplicates"], of_web["filters"]) == (web(2), FILTERED["gopher_too_few_words"])
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    for path in (first, second):
        plot_funnels(path, found)
    assert first.read_bytes() == second.read_bytes()
