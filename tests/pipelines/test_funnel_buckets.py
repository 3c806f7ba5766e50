"""The funnel where a domain has buckets: they take what they place, and name why they leave the rest out."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted_funnel import (
    CLEAN,
    FILTERED,
    HELD,
    NEWER,
    NEWER_HELD,
    NUM_BYTES,
    SHARDS,
    math,
    plant,
    web,
    write_token_set,
)

from pipelines.corpus import BUCKETS, HELD_OUT, TRAIN
from pipelines.digests import document_id
from pipelines.funnel.amount import Amount
from pipelines.funnel.build import funnels
from pipelines.funnel.corpus import Corpus, corpus_of
from pipelines.funnel.funnel import WAITING, Step, combined
from pipelines.funnel.plot import by_kind
from pipelines.store import Artifact, Draft, Store

IN_BUCKETS = {
    CLEAN[0]: (TRAIN, "high", None),
    NEWER: (TRAIN, "high", None),
    CLEAN[1]: (TRAIN, "low", None),
    CLEAN[2]: (TRAIN, None, "gopher_too_few_words"),
    CLEAN[3]: (TRAIN, None, "gopher_too_few_words"),
    HELD: (HELD_OUT, None, "unscored"),
    NEWER_HELD: (HELD_OUT, "low", None),
}


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


def write_buckets(store: Store) -> Artifact:
    """The buckets of the documents of the web, and the reasons of those that have none."""
    rows = [
        {"id": document_id(made), "split": split, "num_bytes": NUM_BYTES, "bucket": bucket, "reason": reason}
        for made, (split, bucket, reason) in IN_BUCKETS.items()
    ]

    def make(draft: Draft) -> None:
        pq.write_table(pa.Table.from_pylist(rows).sort_by("id"), draft.folder / BUCKETS)

    parents = [store.require("corpus/contamination")]
    return store.ensure("buckets/web", make, code_version="1", parameters={}, parents=parents).artifact


def with_buckets(store: Store) -> Corpus:
    return corpus_of(store, store.require("corpus/contamination"), SHARDS, ["web"])


def test_what_buckets_drop_is_counted_by_reason_and_never_reaches_shards(store: Store) -> None:
    buckets = write_buckets(store)
    places = {"shards/web_high": [CLEAN[0], NEWER], "shards/web_low": [CLEAN[1]], "held_out/web": [NEWER_HELD]}
    for asset, texts in places.items():
        write_token_set(store, asset, texts, buckets)
    corpus = with_buckets(store)
    of_math, of_web = funnels(corpus)
    dropped = {"gopher_too_few_words": web(2), "unscored": web(1)}
    assert of_web.buckets == Step("buckets", web(7), {TRAIN: web(3), HELD_OUT: web(1)}, dropped)
    assert of_web.training == Step("train", web(3), {"shards/web_high": web(2), "shards/web_low": web(1)}, {})
    assert of_web.held_out == Step("held_out", web(1), {"held_out/web": web(1)}, {})
    assert of_math.buckets == Step("buckets", math(2), of_math.decontamination.kept, {})
    assert of_web.closes
    assert of_math.closes
    assert combined("web", funnels(corpus, "web")) == of_web
    first, second = funnels(corpus, "web_a")
    assert first.buckets == Step(
        "buckets", web(5), {TRAIN: web(2)}, {"gopher_too_few_words": web(2), "unscored": web(1)}
    )
    assert second.buckets == Step("buckets", web(2), {TRAIN: web(1), HELD_OUT: web(1)}, {})
    bars = by_kind(of_web)
    assert (bars["filters"], bars["not scored"]) == (FILTERED["gopher_too_few_words"] + web(2), web(1))


def test_while_buckets_or_the_shards_of_them_are_not_made_everything_waits(store: Store) -> None:
    (_, of_web) = funnels(with_buckets(store))  # shards were made before the domain had buckets
    assert of_web.buckets.dropped == {}
    assert of_web.training.kept.keys() == of_web.held_out.kept.keys() == {WAITING}
    assert (of_web.training.all_kept.num_documents, of_web.held_out.all_kept.num_documents) == (5, 2)
    assert of_web.closes
    write_buckets(store)
    (_, of_web) = funnels(with_buckets(store))
    assert of_web.training.kept.keys() == {WAITING}
    assert (of_web.training.all_kept.num_documents, of_web.held_out.all_kept.num_documents) == (3, 1)
    assert of_web.closes


def test_a_document_that_its_buckets_do_not_name_is_lost_there(store: Store) -> None:
    path = write_buckets(store).folder / BUCKETS
    pq.write_table(pq.read_table(path).slice(1), path)
    (_, of_web) = funnels(with_buckets(store))
    assert [(each.name, each.lost) for each in of_web.steps if not each.closes] == [
        ("buckets", Amount(1, NUM_BYTES, None))
    ]
