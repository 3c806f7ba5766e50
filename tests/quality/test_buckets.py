"""Every survivor is in the bucket of its best level, or in none for a reason; old thresholds place new documents."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scored_corpus import Planted, ScoredCorpus, declared, ignore

from pipelines.corpus import BUCKETS
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.store import Artifact
from quality.bucketing.buckets import PLOT, ensure_buckets


def page(name: str, prose: float | str, form: float | str, broken_rule: str | None = None, **other: str) -> Planted:
    return Planted(name, {"prose": prose, "form": form}, broken_rule=broken_rule, **other)


NONE = "not_measured"
# By prose the twenty pages p0 to p19 have the levels 0 to 19, by form those of even number the levels 0 to 9, twice.
FITTED = [page(f"p{number}", float(number), NONE if number % 2 else number / 2) for number in range(20)]
ODD = [
    page("held", 18.5, NONE, split="held_out"),
    page("unscored", "no_words", NONE),
    page("excused by high", 30.0, NONE, "gopher_bullets"),
    page("not by medium", 12.5, NONE, "c4_policy_lines"),
    page("excused by medium", 12.5, NONE, "gopher_top_2gram"),
    page("not by low", 3.5, NONE, "gopher_top_2gram"),
    page("never", 30.0, NONE, "c4_lorem_ipsum"),
    page("unscored too", "no_words", NONE, "gopher_bullets"),
]
WORSE = [page(f"worse{number}", -1.0 - number, NONE) for number in range(20)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ScoredCorpus:
    return ScoredCorpus(tmp_path_factory.mktemp("home"), {"pages": FITTED, "odd": ODD})


@pytest.fixture(scope="module")
def buckets(corpus: ScoredCorpus) -> Artifact:
    return corpus.buckets().artifact


def rows_of(artifact: Artifact) -> pa.Table:
    return pq.read_table(artifact.folder / BUCKETS)


def row_of(artifact: Artifact, one: Planted) -> dict[str, object]:
    (row,) = [row for row in rows_of(artifact).to_pylist() if row["id"] == one.id]
    return row


def test_the_table_has_a_row_for_every_survivor(buckets: Artifact) -> None:
    table = rows_of(buckets)
    assert table["id"].to_pylist() == sorted(one.id for one in [*FITTED, *ODD])
    assert {name: str(table.schema.field(name).type) for name in table.column_names} == {
        "id": "string",
        "split": "string",
        "language": "string",
        "num_bytes": "int64",
        "level": "int8",
        "bucket": "string",
        "reason": "string",
        "score_prose": "float",
        "score_form": "float",
        "level_prose": "int8",
        "level_form": "int8",
    }


def test_the_level_is_the_best_of_the_scorers(buckets: Artifact) -> None:
    levels = [row_of(buckets, one) for one in FITTED]
    assert [row["level_prose"] for row in levels] == list(range(20))
    of_form = [row["level_form"] for row in levels]
    assert of_form == [None if number % 2 else [1, 3, 5, 7, 9, 11, 13, 15, 17, 19][number // 2] for number in range(20)]
    assert [row["level"] for row in levels] == [max(number, of_form[number] or 0) for number in range(20)]


def test_the_level_gives_the_bucket(buckets: Artifact) -> None:
    by_bucket = {
        name: sum(row_of(buckets, one)["bucket"] == name for one in FITTED) for name in ("high", "medium", "low")
    }
    assert by_bucket == {"high": 2, "medium": 8, "low": 10}


@pytest.mark.parametrize(
    ("name", "level", "bucket", "reason"),
    [
        ("held", 18, "medium", None),
        ("unscored", None, None, "unscored"),
        ("excused by high", 19, "high", None),
        ("not by medium", 12, None, "c4_policy_lines"),
        ("excused by medium", 12, "medium", None),
        ("not by low", 3, None, "gopher_top_2gram"),
        ("never", 19, None, "c4_lorem_ipsum"),
        ("unscored too", None, None, "gopher_bullets"),
    ],
)
def test_rules_are_excused_by_the_bucket_alone(
    buckets: Artifact, name: str, level: int | None, bucket: str | None, reason: str | None
) -> None:
    (one,) = [one for one in ODD if one.name == name]
    row = row_of(buckets, one)
    assert (row["level"], row["bucket"], row["reason"]) == (level, bucket, reason)


def test_every_survivor_is_accounted_for(buckets: Artifact) -> None:
    dropped = {"c4_lorem_ipsum": 1, "c4_policy_lines": 1, "gopher_bullets": 1, "gopher_top_2gram": 1, "unscored": 1}
    flows = buckets.record.flows
    assert flows["documents"] == Flow(num_in=28, num_kept=23, dropped=dropped)
    num_bytes = {one.name: len(one.text) for one in [*FITTED, *ODD]}
    assert flows["bytes"].num_in == sum(num_bytes.values())
    assert flows["bytes"].dropped["gopher_bullets"] == num_bytes["unscored too"]
    assert flows["bytes"].num_lost == 0


def test_facts_say_what_is_where(buckets: Artifact) -> None:
    facts = buckets.record.facts
    high, medium, low = ({"num_documents": count, "num_bytes": size} for count, size in facts_of_sizes(buckets))
    assert facts["buckets"] == {"high": high, "medium": medium, "low": low}
    assert facts["buckets_by_language"] == {"en": facts["buckets"]}
    assert facts["buckets_by_source"]["odd"]["medium"] == {
        "num_documents": 2,
        "num_bytes": 9 + len("excused by medium"),
    }
    assert facts["excused"] == {
        "gopher_bullets": {"high": {"num_documents": 1, "num_bytes": len("excused by high")}},
        "gopher_top_2gram": {"medium": {"num_documents": 1, "num_bytes": len("excused by medium")}},
    }
    assert sum(facts["share_of_bytes_by_level"]) == pytest.approx(1)
    assert facts["num_held_out_documents"] == 1
    assert facts["without_score"] == {"form": {"not_measured": 18}, "prose": {"no_words": 2}}


def facts_of_sizes(buckets: Artifact) -> list[tuple[int, int]]:
    """Documents and bytes of each bucket, from the table."""
    rows = rows_of(buckets).to_pylist()
    sizes = [[row["num_bytes"] for row in rows if row["bucket"] == name] for name in ("high", "medium", "low")]
    return [(len(of_bucket), sum(of_bucket)) for of_bucket in sizes]


def test_the_documents_of_the_fit_have_not_moved(buckets: Artifact) -> None:
    facts = buckets.record.facts
    assert facts["population_stability_index"] == 0
    assert facts["population_stability_index_by_scorer"] == {"prose": 0, "form": 0}


def test_a_new_snapshot_moves_no_threshold_until_a_person_fits_again(tmp_path: Path) -> None:
    before = ScoredCorpus(tmp_path, {"pages": FITTED}).buckets().artifact
    grown = ScoredCorpus(tmp_path, {"pages": FITTED, "later": WORSE})
    kept = grown.thresholds()
    assert kept.changes == []
    assert any("scores/prose/later/1 absent" in change for change in kept.newer_parents)
    after = grown.buckets().artifact
    old = rows_of(after).filter(pc.is_in(rows_of(after)["id"], rows_of(before)["id"].combine_chunks()))
    assert old.equals(rows_of(before))
    assert {row_of(after, one)["bucket"] for one in WORSE} == {"low"}
    assert after.record.facts["population_stability_index"] > 0.25
    again = grown.buckets(fit=2).artifact
    assert again.record.parents[0].version == 2
    assert again.record.facts["population_stability_index"] == 0
    assert [row_of(again, one)["level"] for one in FITTED[1::2]] == [10 + number // 2 for number in range(1, 20, 2)]


def test_the_same_documents_in_other_sources_give_the_same_bytes(tmp_path: Path, buckets: Artifact) -> None:
    other = ScoredCorpus(tmp_path, {"a": [*reversed(ODD), *FITTED[7:]], "b": FITTED[:7]})
    made = other.buckets().artifact
    assert rows_of(made).equals(rows_of(buckets))
    names = (BUCKETS, PLOT)  # the other plot is of sources
    assert [(made.folder / name).read_bytes() for name in names] == [
        (buckets.folder / name).read_bytes() for name in names
    ]


def test_scores_that_thresholds_were_not_fitted_to_are_refused(corpus: ScoredCorpus, tmp_path: Path) -> None:
    fitted = corpus.thresholds().artifact
    other = ScoredCorpus(tmp_path, corpus.sources, {"prose": "another model", "form": "rules"})
    with pytest.raises(PhaselineError, match="thresholds/web@1 cuts other scores than those by prose"):
        ensure_buckets(corpus.store, declared(), fitted, other.scores, corpus.corpus, ignore)
