"""A planted corpus with every fate: the funnel finds each document where it went, and says so where one is missing."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from planted_funnel import (
    CLEAN,
    FILTERED,
    NUM_BYTES,
    SHARDS,
    TOKENISED,
    WEB_TOKENS,
    math,
    plant,
    web,
    write_benchmarks,
    write_token_set,
)

from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.errors import PhaselineError
from pipelines.funnel.amount import Amount
from pipelines.funnel.build import funnels
from pipelines.funnel.corpus import Corpus, corpus_of
from pipelines.funnel.funnel import WAITING, Funnel, Step, combined
from pipelines.funnel.plot import by_kind, plot_funnels
from pipelines.store import Store


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store that holds the corpus."""
    folder = tmp_path_factory.mktemp("funnel")
    plant(folder)
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


def test_every_fate_is_counted_by_domain(corpus: Corpus) -> None:
    of_math, of_web = funnels(corpus)
    removed = {"exact_duplicate": web(2), "near_duplicate": web(1), "near_duplicate_of_held_out": web(1)}
    splits = {TRAIN: web(5), HELD_OUT: web(2)}
    assert of_web == Funnel(
        "web",
        Step("documents", Amount(16, 17 * NUM_BYTES + 1000, 17 * WEB_TOKENS), {"documents": web(12)}, FILTERED),
        Step("dedup", web(12), {"survivors": web(8)}, removed),
        Step("decontamination", web(8), splits, {"contaminated_quiz": web(1)}),
        Step("buckets", web(7), splits, {}),
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


def test_the_shards_of_a_corpus_are_found_behind_those_of_another(store: Store) -> None:
    other = write_benchmarks(store)
    write_token_set(store, "shards/web_low", CLEAN, other)
    (_, of_web) = funnels(newest(store))
    assert of_web.training.kept == {"shards/web_high": web(2), "shards/web_low": web(3)}
    assert of_web.closes


def test_shards_of_another_corpus_do_not_count(store: Store) -> None:
    shutil.rmtree(store.folder("shards/web_low"))
    write_token_set(store, "shards/web_low", CLEAN, write_benchmarks(store))
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
