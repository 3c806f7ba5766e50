"""New snapshots of a corpus: the outcome is that of all at once, and what was compared before is not read again."""

import random
from collections import Counter
from pathlib import Path

import pytest
from dedup_corpora import (
    Corpus,
    deduplicate,
    deduplicate_documents,
    edited,
    rows,
    some_words,
    write_documents,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.corpus import REMOVALS, SURVIVORS
from pipelines.digests import document_id
from pipelines.store import Artifact, Store

WORDS = [some_words(f"snapshot {i}", 120) for i in range(20)]


def in_steps(folder: Path, corpus: Corpus, num_first: int) -> Artifact:
    """Deduplicate the first snapshots, then all of them in the same store."""
    store = Store(folder)
    documents = [write_documents(store, name, texts) for name, texts in corpus.items()]
    priority = list(dict.fromkeys(name.split("/")[0] for name in corpus))
    deduplicate_documents(store, documents[:num_first], priority=priority[:num_first])
    return deduplicate_documents(store, documents, priority=priority)


def test_a_new_snapshot_reads_old_texts_only_to_compare_them_with_new_ones(tmp_path: Path) -> None:
    old = [" ".join(words) for words in WORDS] + [edited(words, 0.02) for words in WORDS[:10]]
    corpus = {"web/2024": old, "web/2025": [edited(WORDS[0], 0.03), " ".join(some_words("new", 120))]}
    artifact = in_steps(tmp_path / "in_steps", corpus, 1)
    assert artifact.record.facts["num_texts_read"] == {"documents/web/2024": 2, "documents/web/2025": 1}
    assert artifact.digest == deduplicate(tmp_path / "at_once", corpus).digest


def test_nothing_is_read_where_nothing_meets(tmp_path: Path) -> None:
    old = [" ".join(words) for words in WORDS] + [edited(words, 0.02) for words in WORDS]
    artifact = in_steps(tmp_path, {"web/1": old, "wiki/1": [" ".join(some_words("apart", 100))]}, 1)
    assert set(artifact.record.facts["num_texts_read"].values()) == {0}
    assert Counter(row["step"] for row in rows(artifact, REMOVALS)) == {"near": len(WORDS)}


def test_the_signatures_of_old_snapshots_are_kept(tmp_path: Path) -> None:
    in_steps(tmp_path, {"web/1": ["one text"], "web/2": ["another"]}, 1)
    assert Store(tmp_path).versions("signatures/web/1") == Store(tmp_path).versions("signatures/web/2") == [1]


variants = st.tuples(st.integers(0, 3), st.sampled_from([None, 0.02, 0.03, 0.05, 0.1]))
snapshots = st.lists(st.lists(variants, max_size=8), min_size=2, max_size=4)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents=snapshots, seed=st.randoms(use_true_random=False))
def test_the_outcome_does_not_depend_on_the_order_in_which_snapshots_came(
    tmp_path_factory: pytest.TempPathFactory, contents: list[list[tuple[int, float | None]]], seed: random.Random
) -> None:
    corpus = {
        f"{source}/{number}": [" ".join(WORDS[i]) if share is None else edited(WORDS[i], share) for i, share in content]
        for number, content in enumerate(contents)
        for source in ["web" if number % 2 else "wiki"]
    }
    at_once = deduplicate(tmp_path_factory.mktemp("at_once"), corpus, priority=["wiki", "web"])
    store = Store(tmp_path_factory.mktemp("one_by_one"))
    documents = [write_documents(store, name, texts) for name, texts in corpus.items()]
    seed.shuffle(documents)
    for count in range(1, len(documents) + 1):
        sources = {artifact.asset.split("/")[1] for artifact in documents[:count]}
        priority = [source for source in ("wiki", "web") if source in sources]
        latest = deduplicate_documents(store, documents[:count], priority=priority)
    assert latest.digest == at_once.digest


def test_removing_a_source_restores_exactly_what_only_it_displaced(tmp_path: Path) -> None:
    corpus = {
        "wiki/1": [" ".join(words) for words in WORDS[:8]],
        "web/1": [edited(words, 0.02) for words in WORDS[4:12]],
        "mirror/1": [edited(words, 0.03) for words in WORDS],
    }
    store = Store(tmp_path / "with")
    documents = [write_documents(store, name, texts) for name, texts in corpus.items()]
    deduplicate_documents(store, documents)
    without = deduplicate_documents(store, documents[1:])
    fresh = deduplicate(tmp_path / "fresh", {name: corpus[name] for name in ("web/1", "mirror/1")})
    assert without.digest == fresh.digest
    kept = {row["id"] for row in rows(without, SURVIVORS)}
    assert {document_id(text) for text in corpus["web/1"]} <= kept
