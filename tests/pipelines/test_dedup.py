"""Deduplication of whole corpora with planted duplicates, through the store."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.corpus import REMOVALS, SURVIVORS
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.step import ensure_dedup
from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.errors import PhaselineError
from pipelines.held_out import HeldOut
from pipelines.store import Artifact, Draft, Store

NOTHING_HELD_OUT = HeldOut(key="test", fraction=0)
NUM_BASES = 40
NUM_WORDS = 400

Corpus = Mapping[str, Sequence[str]]  # source -> texts


def write_documents(store: Store, source: str, texts: Sequence[str], files: Sequence[Sequence[int]]) -> Artifact:
    """One source's documents; ``files`` says which texts lie in which file, in which order."""

    def make(draft: Draft) -> None:
        for number, members in enumerate(files):
            rows = [
                {
                    "id": document_id(texts[i]),
                    "text": texts[i],
                    "source": source,
                    "locator": f"{source}/{i:04}",
                    "licence": "CC0-1.0",
                    "language": "en",
                    "language_score": 1.0,
                    "num_bytes": len(texts[i].encode()),
                }
                for i in members
            ]
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), draft.folder / f"documents-{number:05}.parquet")

    parameters = {"source": source, "files": [list(members) for members in files]}
    return store.ensure(f"documents/{source}", make, code_version="1", parameters=parameters).artifact


def deduplicate(
    folder: Path, corpus: Corpus, held_out: HeldOut = NOTHING_HELD_OUT, priority: Sequence[str] | None = None
) -> Artifact:
    store = Store(folder)
    documents = [write_documents(store, source, texts, [range(len(texts))]) for source, texts in corpus.items()]
    domains = dict.fromkeys(corpus, "web")
    order = list(corpus) if priority is None else priority
    return ensure_dedup(store, documents, DedupParameters(), order, domains, held_out, lambda _: None).artifact


def rows(artifact: Artifact, name: str) -> list[dict]:
    return pq.read_table(artifact.folder / name).to_pylist()


def some_words(seed: str, count: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(count)]


def edited(words: Sequence[str], fraction: float) -> str:
    """The words with every n-th replaced."""
    step = round(1 / fraction)
    return " ".join("changed" if i % step == step // 2 else word for i, word in enumerate(words))


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


def chain(words: Sequence[str], num_links: int) -> list[str]:
    """Windows sliding over words: neighbours are near duplicates (0.8), and those three apart are not (0.5)."""
    return [" ".join(words[i * 40 : i * 40 + 364]) for i in range(num_links)]


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


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), num_files=st.integers(1, 5))
def test_order_and_files_do_not_matter(tmp_path_factory: pytest.TempPathFactory, seed: int, num_files: int) -> None:
    corpus, rng = mixed_corpus(), random.Random(seed)
    expected = deduplicate(tmp_path_factory.mktemp("plain"), corpus)
    store, documents = Store(tmp_path_factory.mktemp("shuffled")), []
    for source, texts in corpus.items():
        order = rng.sample(range(len(texts)), len(texts))
        documents.append(write_documents(store, source, texts, [order[i::num_files] for i in range(num_files)]))
    rng.shuffle(documents)
    domains = dict.fromkeys(corpus, "web")
    outcome = ensure_dedup(store, documents, DedupParameters(), list(corpus), domains, NOTHING_HELD_OUT, lambda _: None)
    assert outcome.artifact.digest == expected.digest


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
    artifact = deduplicate(tmp_path, corpus, HeldOut(key="test", fraction=0.5))
    split = {row["id"]: row["split"] for row in rows(artifact, SURVIVORS)}
    counts = Counter(split.values())
    assert 0 < counts["held_out"] < NUM_BASES
    assert all(row["survivor_split"] == split[row["survivor_id"]] for row in rows(artifact, REMOVALS))
    flow = artifact.record.flows["documents"]
    assert flow.dropped == {"near_duplicate": counts["train"], "near_duplicate_of_held_out": counts["held_out"]}
    assert artifact.record.facts["by_source"]["copy"] == {"num_in": NUM_BASES, **flow.dropped}


def test_documents_and_bytes_are_conserved(tmp_path: Path) -> None:
    corpus = mixed_corpus()
    artifact = deduplicate(tmp_path, corpus, HeldOut(key="test", fraction=0.2))
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


def test_twenty_thousand_documents_that_differ_in_a_word_leave_one(tmp_path: Path) -> None:
    words = some_words("template", 80)
    artifact = deduplicate(tmp_path, {"s": [" ".join([*words[:40], f"number{i}", *words[40:]]) for i in range(20_000)]})
    assert len(rows(artifact, SURVIVORS)) == 1
    assert artifact.record.facts["num_comparisons"] == 19_999


def test_different_documents_of_one_template_stay_and_their_duplicates_go(tmp_path: Path) -> None:
    template = some_words("template", 60)
    texts = [" ".join([*template, *some_words(f"own {i}", 30)]) for i in range(6000)]
    artifact = deduplicate(tmp_path, {"s": texts, "copy": [text.upper() for text in texts[::3]]})
    assert Counter(row["source"] for row in rows(artifact, SURVIVORS)) == {"s": 6000}
    assert artifact.record.facts["num_comparisons"] < 256 * 8000
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
