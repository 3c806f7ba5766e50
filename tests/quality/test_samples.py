"""Draws hold members of what was asked for and can hold each of them; explanations say what became of a document."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspected_corpus import (
    BAD,
    EMPTY_LOCATOR,
    EXCUSED,
    FEW_WORDS,
    FRENCH,
    GERMAN,
    GOOD,
    HELD,
    NEAR,
    NOT_EXCUSED,
    PAGES,
    QUESTION,
    QUOTING,
    SHORT,
    Planted,
    locator,
    opened,
    write_corpus,
)
from tokenizers import Tokenizer

from pipelines.corpus import BUCKETS, HELD_OUT, QUADRANTS, TRAIN
from pipelines.errors import PhaselineError
from pipelines.shards import open_shards
from pipelines.tokenizer import TOKENIZER
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.samples.dropped import reason_sizes
from quality.samples.duplicates import cluster_of, largest_clusters
from quality.samples.explain import explain
from quality.samples.explanation import Explanation
from quality.samples.inspected import Inspected, inspected
from quality.samples.rejected import of_reason
from quality.samples.rows import batches, draw_rows, rows_with
from quality.samples.sample import Draw, Drawn, Sample
from quality.samples.survivors import bucket_sizes, of_bucket, of_quadrant, of_score, quadrant_sizes, score_ranges

SEEDS = range(30)
ALL = Draw(num_samples=1000)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Inspected:
    return opened(write_corpus(tmp_path_factory.getbasetemp() / "inspected"))


def ids(samples: Sequence[Sample]) -> list[str | None]:
    return [sample.id for sample in samples]


def ids_of(planted: Sequence[Planted]) -> set[str]:
    return {one.id for one in planted}


def assert_drawn_from(members: set[str], drawn: Callable[[Draw], Drawn]) -> None:
    """Each draw holds members alone, none twice; and there is a seed for each member."""
    reached: set[str | None] = set()
    for seed in SEEDS:
        one = drawn(Draw(num_samples=8, seed=seed))
        assert one.num_candidates == len(members)
        assert len(set(ids(one.samples))) == min(8, len(members))
        reached.update(ids(one.samples))
    assert reached == members


def test_a_bucket_is_drawn_from_its_documents(found: Inspected) -> None:
    rows = pq.read_table(found.buckets["web"].folder / BUCKETS)
    for bucket in ("high", "low"):
        members = set(rows.filter(pc.field("bucket") == bucket)["id"].to_pylist())
        assert members
        assert bucket_sizes(found, "web")[bucket] == len(members)
        assert_drawn_from(members, lambda draw, bucket=bucket: of_bucket(found, "web", bucket, draw))
    assert of_bucket(found, "web", "high", ALL).num_documents == len(rows)
    assert list(bucket_sizes(found, "web")) == ["high", "low"]


def test_a_range_of_scores_is_drawn_with_both_ends(found: Inspected) -> None:
    in_range = [*PAGES[10:21], HELD]  # a score is the quality in fiftieths
    assert_drawn_from(ids_of(in_range), lambda draw: of_score(found, "web", "form", 0.2, 0.4, draw))
    assert score_ranges(found, "web") == {"form": (0.0, 1.0)}


def test_a_quadrant_is_drawn_from_its_documents_of_the_domain(found: Inspected) -> None:
    assert found.quadrants is not None
    rows = pq.read_table(found.quadrants.folder / QUADRANTS)
    of_web = rows.filter(pc.field("shards").isin(["web_high", "web_low"]))
    for quadrant in QUADRANT_NAMES:
        members = set(of_web.filter(pc.field("quadrant") == quadrant)["id"].to_pylist())
        assert quadrant_sizes(found, "web")[quadrant] == len(members)
        assert_drawn_from(members, lambda draw, quadrant=quadrant: of_quadrant(found, "web", quadrant, draw))
    assert sum(quadrant_sizes(found, "web").values()) == len(of_web) - 2  # the first of each shards is too short


@pytest.mark.parametrize(
    ("reason", "members"),
    [
        (SHORT, [*FEW_WORDS, NOT_EXCUSED]),  # dropped by documents, and by buckets
        ("language", [FRENCH]),
        ("near_duplicate", NEAR),
        ("exact_duplicate", [PAGES[0]]),
        ("contaminated_quiz", [QUOTING]),
    ],
)
def test_a_reason_is_drawn_from_what_every_step_dropped_for_it(
    found: Inspected, reason: str, members: list[Planted]
) -> None:
    assert_drawn_from(ids_of(members), lambda draw: of_reason(found, "web", reason, draw))


def test_reasons_are_counted_by_step(found: Inspected) -> None:
    assert reason_sizes(found, "web") == {
        "documents": {SHORT: 6, "empty": 1, "language": 1},
        "dedup": {"near_duplicate": 3, "exact_duplicate": 1},
        "decontamination": {"contaminated_quiz": 1},
        "buckets": {SHORT: 1},
    }
    assert reason_sizes(found, "math") == {}


def test_a_seed_draws_the_same_and_another_one_others(found: Inspected) -> None:
    first, again, other = (of_bucket(found, "web", "low", Draw(seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert ids(first.samples) != ids(other.samples)


@given(sizes=st.lists(st.integers(0, 7), max_size=8), num_rows=st.integers(0, 9), seed=st.integers(0, 99))
def test_a_draw_does_not_depend_on_batches(sizes: list[int], num_rows: int, seed: int) -> None:
    table = pa.table({"number": pa.array(range(sum(sizes)), pa.int64())})
    starts = np.cumsum([0, *sizes])
    cut = draw_rows((table.slice(start, size) for start, size in zip(starts, sizes, strict=False)), num_rows, seed)
    assert cut == draw_rows([table], num_rows, seed)
    assert cut.num_candidates == len(table)
    assert len({row["number"] for row in cut.rows}) == len(cut.rows) == min(num_rows, len(table))


@pytest.mark.parametrize("num_rows", [0, 3])
def test_files_without_rows_are_read_as_empty(tmp_path: Path, num_rows: int) -> None:
    table = pa.table({"id": pa.array(["a", "b", "c"][:num_rows], pa.string()), "number": pa.array(range(num_rows))})
    pq.write_table(table, tmp_path / "table.parquet")
    pq.ParquetWriter(tmp_path / "nothing.parquet", table.schema).close()
    files = [tmp_path / "nothing.parquet", tmp_path / "table.parquet"]
    assert pa.concat_tables(batches(files, ["number", "id"])) == table.select(["number", "id"])
    assert rows_with(files, "id", ["b"]) == table.slice(1, 1).to_pylist()


def test_every_row_is_drawn_as_often() -> None:
    num_draws = 1000
    table = pa.table({"number": range(10)})
    counts = np.zeros(10)
    for seed in range(num_draws):
        counts[[row["number"] for row in draw_rows([table.slice(0, 4), table.slice(4)], 3, seed).rows]] += 1
    assert np.abs(counts / num_draws - 0.3).max() < 0.05  # 3.5 standard deviations


def test_a_draw_can_be_of_a_source_or_a_language(found: Inspected) -> None:
    german = of_bucket(found, "web", "low", replace(ALL, language="de"))
    assert (german.num_candidates, german.num_documents, ids(german.samples)) == (1, 1, [GERMAN.id])
    assert of_bucket(found, "web", "low", replace(ALL, source="web_b")).num_candidates == 0
    removed = of_reason(found, "web", "near_duplicate", replace(ALL, source="web_b"))
    assert (removed.num_candidates, removed.num_documents) == (3, 4)
    assert ids(of_reason(found, "web", "language", replace(ALL, language="fr")).samples) == [FRENCH.id]
    assert of_reason(found, "web", "empty", replace(ALL, language="fr")).num_candidates == 0


def test_a_sample_has_its_place_its_facts_and_the_beginning_of_its_text(found: Inspected) -> None:
    samples = of_score(found, "web", "form", 1.0, 1.0, Draw(max_characters=20)).samples
    (sample,) = samples
    assert sample == Sample(
        id=EXCUSED.id,
        source="web_a",
        snapshot="1",
        locator=locator("web_a", EXCUSED),
        url=f"https://web_a.example/{EXCUSED.id}",
        licence="MIT",
        language="en",
        num_bytes=len(EXCUSED.text),
        text=EXCUSED.text[:20],
        facts=sample.facts,
    )
    assert sample.facts["bucket"] == "high"
    assert sample.facts["form"] == "1, level 19"
    assert sample.facts["excused"] == f"{SHORT} (20, at least 50)"
    (held,) = of_score(found, "web", "form", 0.25, 0.25, ALL).samples
    assert held.facts["split"] == "held out"


def test_what_was_dropped_says_why(found: Inspected) -> None:
    def facts(reason: str, document: Planted) -> dict[str, str]:
        samples = of_reason(found, "web", reason, ALL).samples
        return dict(next(sample.facts for sample in samples if sample.id == document.id))

    assert facts(SHORT, FEW_WORDS[4]) == {"dropped by": "documents", "reason": SHORT, "because": "4 < 50"}
    assert facts("exact_duplicate", PAGES[0])["similarity"] == "the same text"
    near = facts("near_duplicate", NEAR[0])
    assert near["survivor"] == f"{PAGES[1].id} of web_a"
    assert near["similarity"] == "0.98 (Jaccard)"  # 56 shingles of 57
    assert facts("contaminated_quiz", QUOTING)["contains"].startswith("100% of quiz#1 of quiz: ")
    dropped = facts(SHORT, NOT_EXCUSED)
    assert (dropped["dropped by"], dropped["form"]) == ("buckets", f"0.02, level {dropped['level']}")
    assert dropped["breaks"] == f"{SHORT} (10, at least 50)"


def test_a_record_without_text_is_shown_as_what_is_known(found: Inspected) -> None:
    (sample,) = of_reason(found, "web", "empty", ALL).samples
    assert (sample.id, sample.text, sample.language, sample.locator) == (None, "", None, EMPTY_LOCATOR)


def test_clusters_come_largest_first_with_what_was_removed(found: Inspected) -> None:
    clusters = largest_clusters(found, "web", Draw())
    assert (clusters.num_clusters, clusters.num_removed) == (2, 4)
    assert ids([cluster.survivor for cluster in clusters.clusters]) == [PAGES[1].id, PAGES[0].id]
    assert [cluster.removed.num_candidates for cluster in clusters.clusters] == [3, 1]
    first, second = clusters.clusters
    assert len(first.removed.samples) == 2
    assert set(ids(first.removed.samples)) <= ids_of(NEAR)
    assert second.removed.samples[0].source == "web_b"
    assert largest_clusters(found, "web", Draw(source="web_a")).num_clusters == 0


@pytest.mark.parametrize("document", [PAGES[1], NEAR[0], NEAR[2]])
def test_the_cluster_of_a_document_is_found_from_any_of_its_members(found: Inspected, document: Planted) -> None:
    cluster = cluster_of(found, document.id, ALL)
    assert cluster.survivor.id == PAGES[1].id
    assert set(ids(cluster.removed.samples)) == ids_of(NEAR)


REFUSED: dict[str, tuple[Callable[[Inspected], object], str]] = {
    "domain": (lambda found: of_bucket(found, "wbe", "high", ALL), "math, web"),
    "bucket": (lambda found: of_bucket(found, "web", "best", ALL), "high, low"),
    "scorer": (lambda found: of_score(found, "web", "topic", 0, 1, ALL), "form"),
    "quadrant": (lambda found: of_quadrant(found, "web", "high", ALL), ", ".join(QUADRANT_NAMES)),
    "reason": (
        lambda found: of_reason(found, "web", "short", ALL),
        f"contaminated_quiz, empty, exact_duplicate, {SHORT}",
    ),
    "source": (lambda found: of_reason(found, "web", SHORT, Draw(source="math_good")), "web_a, web_b, web_c"),
    "language": (lambda found: of_bucket(found, "web", "high", Draw(language="xx")), "de, en"),
    "language of what was dropped": (lambda found: of_reason(found, "web", SHORT, Draw(language="xx")), "de, en, fr"),
    "cluster": (lambda found: cluster_of(found, GOOD[0].id, ALL), "the largest clusters"),
    "document": (lambda found: explain(found, "0" * 32), "check the id"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unknown_name_is_refused_with_those_that_exist(found: Inspected, name: str) -> None:
    ask, remedy = REFUSED[name]
    with pytest.raises(PhaselineError) as refused:
        ask(found)
    assert remedy in refused.value.remedy


def test_what_is_not_made_from_the_corpus_is_not_shown(found: Inspected) -> None:
    other = inspected(found.store, replace(found.corpus, buckets={}, shards=found.corpus.shards[1:]))
    with pytest.raises(PhaselineError, match="web has no buckets made from corpus/contamination@1"):
        of_bucket(other, "web", "high", ALL)
    with pytest.raises(PhaselineError, match="no quadrants made from corpus/contamination@1"):
        of_quadrant(other, "web", QUADRANT_NAMES[0], ALL)


def broken(found: Explanation) -> list[str]:
    return [rule.reason for rule in found.records[0].rules if rule.is_broken]


def test_a_kept_document_is_explained_from_its_place_to_its_tokens(found: Inspected) -> None:
    explained = explain(found, PAGES[39].id)
    (record,) = explained.records
    assert (record.source, record.locator, record.is_document) == ("web_a", locator("web_a", PAGES[39]), True)
    assert (explained.split, explained.num_removed, explained.removal, explained.hits) == (TRAIN, 0, None, [])
    assert broken(explained) == []
    (position,) = explained.shards
    shards = open_shards(found.store.require("shards/web_high"))
    tokens = shards.tokens[position.offset : position.offset + position.num_tokens - 1].tolist()
    tokenizer = Tokenizer.from_file(str(found.store.require("tokenizer").folder / TOKENIZER))
    assert tokenizer.decode(tokens, skip_special_tokens=False) == PAGES[39].text
    assert explained.verdict == "it is in shards/web_high@1"
    assert explained.placement is not None
    assert (explained.placement.bucket, explained.placement.level, explained.placement.excused) == ("high", 19, None)
    (opinion,) = explained.opinions
    assert (opinion.scorer, opinion.score, opinion.level, opinion.is_decisive) == (
        "form",
        pytest.approx(0.78),
        19,
        True,
    )


def test_rules_have_the_bounds_that_were_declared(found: Inspected) -> None:
    rules = {rule.reason: rule for rule in explain(found, FEW_WORDS[3].id).records[0].rules}
    short = rules[SHORT]
    assert (short.measure, short.value, short.bound, short.is_minimum) == ("num_words", 3, 50, True)
    assert rules["gopher_symbols"].bound == 0.1
    assert rules["gopher_short_words"].value is None
    assert rules["language_score"].bound == 0.5


def test_a_duplicate_is_explained_by_its_survivor(found: Inspected) -> None:
    explained = explain(found, NEAR[1].id)
    assert explained.removal is not None
    assert (explained.removal.survivor_id, explained.removal.reason) == (PAGES[1].id, "near_duplicate")
    assert (explained.split, explained.placement, explained.shards) == (None, None, [])
    assert explained.verdict.startswith(f"dedup removed it for {PAGES[1].id} of web_a")
    (opinion,) = explained.opinions
    assert (opinion.score, opinion.level) == (0, None)  # scored as every document, and without a level


def test_a_survivor_knows_all_places_of_its_text(found: Inspected) -> None:
    explained = explain(found, PAGES[0].id)
    assert [record.source for record in explained.records] == ["web_a", "web_b"]
    assert (explained.num_removed, explained.removal) == (1, None)


def test_a_contaminated_document_is_explained_by_its_hit(found: Inspected) -> None:
    explained = explain(found, QUOTING.id)
    (hit,) = explained.hits
    assert (hit.benchmark, hit.record, hit.share, hit.excerpt) == ("quiz", "quiz#1", 1, " ".join(QUESTION))
    assert (explained.placement, explained.shards) == (None, [])
    assert explained.verdict == "decontamination dropped it: it contains 100% of quiz#1 of quiz"


def test_a_rejected_record_is_explained_by_the_rule_that_it_breaks(found: Inspected) -> None:
    explained = explain(found, FEW_WORDS[2].id)
    assert explained.verdict == f"it is no document: {SHORT} (2 < 50)"
    assert broken(explained) == [SHORT]
    assert (explained.text, explained.split, explained.opinions) == (FEW_WORDS[2].text, None, [])


def test_an_excused_document_is_told_from_one_that_is_not(found: Inspected) -> None:
    excused, dropped = explain(found, EXCUSED.id), explain(found, NOT_EXCUSED.id)
    assert broken(excused) == broken(dropped) == [SHORT]
    assert excused.placement is not None
    assert dropped.placement is not None
    assert (excused.placement.bucket, excused.placement.excused) == ("high", SHORT)
    assert (dropped.placement.bucket, dropped.placement.excused) == (None, None)
    assert excused.verdict == "it is in shards/web_high@1"
    assert dropped.verdict.startswith(f"buckets/web@1 drops it: {SHORT}")


def test_a_held_out_document_is_placed_and_in_no_training_shards(found: Inspected) -> None:
    explained = explain(found, HELD.id)
    assert (explained.split, explained.verdict) == (HELD_OUT, "it is in held_out/web@1")
    assert explained.placement is not None
    assert explained.placement.bucket == "low"


def test_a_classifier_names_the_words_that_speak_for_and_against(found: Inspected) -> None:
    survivors = {row["id"] for row in rows_with([found.buckets["math"].folder / BUCKETS], "split", [TRAIN], ["id"])}
    good, bad = (next(one for one in side if one.id in survivors) for side in (GOOD, BAD))
    ((topic,), (other,)) = (explain(found, one.id).opinions for one in (good, bad))
    assert {word for word, part in topic.words if part > 0} == {"theorem", "proof"}
    assert {word for word, part in other.words if part < 0} == {"subscribe", "cookie"}
    assert topic.score is not None
    assert other.score is not None
    assert topic.score > 0.5 > other.score


def test_the_quadrant_of_a_document_comes_with_what_it_was_cut_by(found: Inspected) -> None:
    assert found.quadrants is not None
    row = pq.read_table(found.quadrants.folder / QUADRANTS).filter(pc.field("quadrant").is_valid()).slice(0, 1)
    explained = explain(found, row["id"][0].as_py()).quadrant
    assert explained is not None
    assert (explained.quadrant, explained.reason) == (row["quadrant"][0].as_py(), None)
    assert explained.nll is not None
    assert explained.pd == pytest.approx(explained.nll / 10)
