"""Deduplication of whole corpora with planted duplicates, through the store."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from dedup_corpora import (
    PARAMETERS,
    chain,
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
from pipelines.dedup.parameters import Preference
from pipelines.digests import document_id
from pipelines.errors import PhaselineError
from pipelines.held_out import HeldOut
from pipelines.store import Store

NUM_BASES = 40
NUM_WORDS = 400


def planted(kind: str, words: Sequence[str]) -> str:
    text = " ".join(words)
    return {
        "exact": text,
        "case_and_space": text.title().replace(" ", " \n"),
        "edited_1": edited(words, 0.01),
        "edited_3": edited(words, 0.03),
        "boilerplate": " ".join([*some_words("header", 15), text, *some_words("footer", 15)]),
        "truncated": " ".join(words[: NUM_WORDS * 85 // 100]),
        "edited_25": edited(words, 0.25),
    }[kind]


@pytest.fixture(scope="module")
def bases() -> list[list[str]]:
    return [some_words(f"base {i}", NUM_WORDS) for i in range(NUM_BASES)]


@pytest.mark.parametrize(
    ("kind", "step", "similarity"),
    [
        ("exact", "exact", 1.0),
        ("case_and_space", "near", 1.0),
        ("edited_1", "near", (396 - 20) / (396 + 20)),
        ("edited_3", "near", (396 - 60) / (396 + 60)),
        ("boilerplate", "near", 396 / (396 + 30)),
        ("truncated", "near", 336 / 396),
    ],
)
def test_each_planted_duplicate_is_removed_for_its_base(
    tmp_path: Path, bases: list[list[str]], kind: str, step: str, similarity: float
) -> None:
    corpus = {"base": [" ".join(words) for words in bases], "copy": [planted(kind, words) for words in bases]}
    removed = rows(deduplicate(tmp_path, corpus), REMOVALS)
    base_of = {document_id(copy): document_id(base) for base, copy in zip(*corpus.values(), strict=True)}
    assert [(row["source"], row["step"], row["survivor_source"]) for row in removed] == [
        ("copy", step, "base")
    ] * NUM_BASES
    assert all(row["survivor_id"] == base_of[row["id"]] for row in removed)
    assert all(row["similarity"] == pytest.approx(similarity, abs=1e-6) for row in removed)


def test_documents_with_a_quarter_of_their_words_edited_stay(tmp_path: Path, bases: list[list[str]]) -> None:
    corpus = {"base": [" ".join(words) for words in bases], "copy": [planted("edited_25", words) for words in bases]}
    artifact = deduplicate(tmp_path, corpus)
    assert len(rows(artifact, SURVIVORS)) == 2 * NUM_BASES
    assert rows(artifact, REMOVALS) == []


def test_the_preferred_source_survives(tmp_path: Path, bases: list[list[str]]) -> None:
    corpus = {
        "web": [planted("edited_1", words) for words in bases],
        "wiki": [" ".join(words) for words in bases],
        "mirror": [" ".join(words) for words in bases],
    }
    for priority in (["wiki", "mirror", "web"], ["mirror", "web", "wiki"], ["web", "wiki", "mirror"]):
        artifact = deduplicate(tmp_path / priority[0], corpus, priority=priority)
        assert {row["source"] for row in rows(artifact, SURVIVORS)} == {priority[0]}
        assert {row["survivor_source"] for row in rows(artifact, REMOVALS)} == {priority[0]}


def test_the_fuller_text_of_a_source_survives(tmp_path: Path, bases: list[list[str]]) -> None:
    fuller = [planted("boilerplate", words) for words in bases]
    artifact = deduplicate(
        tmp_path, {"s": [text for i in range(NUM_BASES) for text in (" ".join(bases[i]), fuller[i])]}
    )
    assert {row["id"] for row in rows(artifact, SURVIVORS)} == {document_id(text) for text in fuller}


@pytest.mark.parametrize(("order", "best"), [("descending", 0.9), ("ascending", 0.1)])
def test_a_declared_measure_decides_within_a_source(
    tmp_path: Path, bases: list[list[str]], order: Literal["ascending", "descending"], best: float
) -> None:
    texts = [
        text
        for words in bases
        for text in (planted("case_and_space", words), " ".join(words), planted("edited_1", words))
    ]
    measures = [None, 0.9, 0.1] * NUM_BASES
    store = Store(tmp_path)
    files = [range(50), range(50, len(texts))]
    documents = write_documents(store, "s", texts, files, attributes={"density": measures})
    parameters = PARAMETERS.model_copy(update={"prefer": Preference(measure="density", order=order)})
    artifact = deduplicate_documents(store, [documents], parameters=parameters)
    kept = {row["id"] for row in rows(artifact, SURVIVORS)}
    assert kept == {document_id(text) for text, value in zip(texts, measures, strict=True) if value == best}


def test_a_measure_that_nothing_has_is_refused(tmp_path: Path) -> None:
    parameters = PARAMETERS.model_copy(update={"prefer": Preference(measure="densty")})
    documents = write_documents(Store(tmp_path), "s", ["a text"], attributes={"density": [0.5]})
    with pytest.raises(PhaselineError, match="densty"):
        deduplicate_documents(Store(tmp_path), [documents], parameters=parameters)


def test_places_of_exact_duplicates_stay_on_their_survivor(tmp_path: Path) -> None:
    artifact = deduplicate(tmp_path, {"b": ["one text", "another text", "one text"], "a": ["one text"]})
    places = {
        row["id"]: [(place["source"], place["locator"]) for place in row["places"]] for row in rows(artifact, SURVIVORS)
    }
    assert places[document_id("one text")] == [("b", "b/0000"), ("b", "b/0002"), ("a", "a/0000")]
    assert places[document_id("another text")] == [("b", "b/0001")]


def test_exact_copies_of_a_near_duplicate_name_the_survivor(tmp_path: Path, bases: list[list[str]]) -> None:
    near = planted("edited_1", bases[0])
    artifact = deduplicate(tmp_path, {"a": [" ".join(bases[0])], "b": [near, near]})
    (survivor,) = rows(artifact, SURVIVORS)
    removed = [(row["locator"], row["step"], row["survivor_id"]) for row in rows(artifact, REMOVALS)]
    assert removed == [("b/0000", "near", survivor["id"]), ("b/0001", "near", survivor["id"])]


def test_a_chain_is_not_one_cluster(tmp_path: Path) -> None:
    artifact = deduplicate(tmp_path, {"s": chain(some_words("chain", 1000), 12)})
    removed = rows(artifact, REMOVALS)
    survivors = {row["id"] for row in rows(artifact, SURVIVORS)}
    assert len(survivors) >= 4
    assert {row["survivor_id"] for row in removed} <= survivors
    assert all(row["similarity"] >= 0.7 for row in removed)


def mixed_corpus() -> dict[str, list[str]]:
    """Three sources full of duplicates within and across, chains included."""
    corpus: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    for i in range(6):
        words = some_words(f"mixed {i}", NUM_WORDS)
        links = chain(some_words(f"chain {i}", 700), 6)
        corpus["a"] += [planted("edited_3", words), links[2]]
        corpus["b"] += [planted("exact", words), links[0], links[4], planted("edited_25", words)]
        corpus["c"] += [planted("truncated", words), links[1], links[3], links[5], planted("case_and_space", words)]
    return corpus


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), num_files=st.integers(1, 5))
def test_order_and_files_do_not_matter(tmp_path_factory: pytest.TempPathFactory, seed: int, num_files: int) -> None:
    corpus, rng = mixed_corpus(), random.Random(seed)
    expected = deduplicate(tmp_path_factory.mktemp("plain"), corpus)
    store, documents = Store(tmp_path_factory.mktemp("shuffled")), []
    for source, texts in corpus.items():
        order = rng.sample(range(len(texts)), len(texts))
        documents.append(write_documents(store, source, texts, [order[i::num_files] for i in range(num_files)]))
    rng.shuffle(documents)
    assert deduplicate_documents(store, documents, priority=list(corpus)).digest == expected.digest


def test_without_a_source_what_only_it_displaced_returns(tmp_path: Path) -> None:
    corpus = mixed_corpus()
    before = deduplicate(tmp_path / "before", corpus)
    after = deduplicate(tmp_path / "after", {source: corpus[source] for source in ("b", "c")})
    kept_before, kept_after = ({row["id"] for row in rows(artifact, SURVIVORS)} for artifact in (before, after))
    displaced = {row["id"] for row in rows(before, REMOVALS) if row["survivor_source"] == "a"}
    still_removed = {row["id"]: row["survivor_id"] for row in rows(after, REMOVALS)}
    in_rest = {document_id(text) for source in ("b", "c") for text in corpus[source]}
    assert displaced & in_rest
    assert kept_after | still_removed.keys() == in_rest
    assert set(still_removed.values()) <= kept_after
    only_in_bases = {document_id(planted("exact", some_words(f"mixed {i}", NUM_WORDS))) for i in range(6)}
    assert only_in_bases <= kept_after  # each was displaced by its edited copy in a
    assert not only_in_bases & kept_before


def test_a_removed_copy_costs_nobody_else_their_place(tmp_path: Path, bases: list[list[str]]) -> None:
    corpus = {"a": [" ".join(bases[0])], "b": [" ".join(words) for words in bases], "c": [edited(bases[1], 0.01)]}
    with_a = {row["id"] for row in rows(deduplicate(tmp_path / "with", corpus), SURVIVORS)}
    without_a = {
        row["id"] for row in rows(deduplicate(tmp_path / "without", {"b": corpus["b"], "c": corpus["c"]}), SURVIVORS)
    }
    assert with_a == without_a == {document_id(text) for text in corpus["b"]}


def test_no_training_document_is_a_near_duplicate_of_a_held_out_one(tmp_path: Path, bases: list[list[str]]) -> None:
    corpus = {"base": [" ".join(words) for words in bases], "copy": [planted("edited_1", words) for words in bases]}
    artifact = deduplicate(tmp_path, corpus, held_out=HeldOut(key="test", fraction=0.5))
    split = {row["id"]: row["split"] for row in rows(artifact, SURVIVORS)}
    counts = Counter(split.values())
    assert 0 < counts["held_out"] < NUM_BASES
    assert all(row["survivor_split"] == split[row["survivor_id"]] for row in rows(artifact, REMOVALS))
    flow = artifact.record.flows["documents"]
    assert flow.dropped == {"near_duplicate": counts["train"], "near_duplicate_of_held_out": counts["held_out"]}
    assert artifact.record.facts["by_source"]["copy"] == {"num_in": NUM_BASES, **flow.dropped}


def test_documents_and_bytes_are_conserved(tmp_path: Path) -> None:
    corpus = mixed_corpus()
    artifact = deduplicate(tmp_path, corpus, held_out=HeldOut(key="test", fraction=0.2))
    documents, num_bytes = artifact.record.flows["documents"], artifact.record.flows["bytes"]
    assert documents.num_in == sum(map(len, corpus.values()))
    assert num_bytes.num_in == sum(len(text.encode()) for texts in corpus.values() for text in texts)
    assert documents.num_lost == num_bytes.num_lost == 0
    by_source = artifact.record.facts["by_source"]
    assert {source: by_source[source]["num_in"] for source in corpus} == {
        source: len(corpus[source]) for source in corpus
    }


def test_the_largest_cluster_shows_how_its_survivor_begins(tmp_path: Path) -> None:
    text = " ".join(some_words("cluster", 100))
    artifact = deduplicate(tmp_path, {"s": [text, text.upper(), text + ".", "something else"]})
    (cluster,) = artifact.record.facts["largest_clusters"]
    assert cluster["num_removed"] == 2
    assert cluster["excerpt"].lower() == text[:120]


def test_five_thousand_documents_that_differ_in_a_word_leave_one(tmp_path: Path) -> None:
    words = some_words("template", 80)
    artifact = deduplicate(tmp_path, {"s": [" ".join([*words[:40], f"number{i}", *words[40:]]) for i in range(5000)]})
    assert len(rows(artifact, SURVIVORS)) == 1
    assert artifact.record.facts["num_comparisons"] == 4999


def test_different_documents_of_one_template_stay_and_their_duplicates_go(tmp_path: Path) -> None:
    template = some_words("template", 60)
    texts = [" ".join([*template, *some_words(f"own {i}", 30)]) for i in range(1500)]
    artifact = deduplicate(tmp_path, {"s": texts, "copy": [text.upper() for text in texts[::3]]})
    assert Counter(row["source"] for row in rows(artifact, SURVIVORS)) == {"s": 1500}
    assert artifact.record.facts["num_comparisons"] < 256 * 2000
    assert artifact.record.facts["num_bounded"] > 0


def test_a_corpus_of_nothing_is_deduplicated(tmp_path: Path) -> None:
    artifact = deduplicate(tmp_path, {"s": []})
    assert artifact.record.flows["documents"].num_in == 0
    assert rows(artifact, SURVIVORS) == []


@pytest.mark.parametrize(
    ("priority", "message"),
    [
        (["a"], "no priority is declared for b"),
        (["a", "b", "c"], "names c, which no declaration has"),
        (["a", "b", "a"], "lists a twice"),
    ],
)
def test_a_wrong_priority_is_refused_by_name(tmp_path: Path, priority: list[str], message: str) -> None:
    with pytest.raises(PhaselineError, match=message):
        deduplicate(tmp_path, {"a": ["one"], "b": ["two"]}, priority=priority)
    assert Store(tmp_path).versions("corpus/dedup") == []


def test_the_split_depends_on_id_key_and_domain_alone() -> None:
    ids = [document_id(str(i)) for i in range(10_000)]
    held_out = HeldOut(key="k", fraction=0.01, fraction_by_domain={"qa": 0.1})
    web, qa = held_out.split(ids, "web"), held_out.split(ids, "qa")
    assert 70 < sum(web) < 130
    assert 900 < sum(qa) < 1100
    assert all(more or not less for less, more in zip(web, qa, strict=True))
    assert held_out.split(ids[::-1], "web") == web[::-1]
    assert HeldOut(key="other", fraction=0.01).split(ids, "web") != web
