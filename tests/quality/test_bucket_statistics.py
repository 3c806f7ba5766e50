"""What is expected of thresholds and buckets holds for what is made, and fails where its file or facts are altered."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from scored_corpus import Planted, ScoredCorpus

from pipelines.corpus import BUCKETS
from pipelines.store import Artifact, Draft
from quality.bucketing.statistics import bucket_statistics, threshold_statistics
from quality.bucketing.thresholds import THRESHOLDS

EXPECTATIONS = Path(__file__).parents[2] / "quality/expectations"
PAGES = [
    *(Planted(f"p{number}", {"prose": float(number), "form": number / 2}) for number in range(40)),
    Planted("excused", {"prose": 99.0, "form": "not_measured"}, broken_rule="gopher_bullets"),
    Planted("silent", {"prose": "no_words", "form": "not_measured"}),
]

Row = dict[str, Any]
Alter = Callable[[list[Row], Row], None]  # of the rows of a table, and of facts
Statistics = Callable[[Draft], pa.Table]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ScoredCorpus:
    return ScoredCorpus(tmp_path_factory.mktemp("home"), {"pages": PAGES})


@pytest.fixture(scope="module")
def thresholds(corpus: ScoredCorpus) -> Artifact:
    return corpus.thresholds().artifact


@pytest.fixture(scope="module")
def buckets(corpus: ScoredCorpus) -> Artifact:
    return corpus.buckets().artifact


def unaltered(_rows: list[Row], _facts: Row) -> None: ...


def counts(statistics: Statistics, artifact: Artifact, name: str, folder: Path, alter: Alter) -> Row:
    """The statistics of an artifact's only table after something in it or in its facts was altered."""
    table = pq.read_table(artifact.folder / name)
    rows, facts = table.to_pylist(), copy.deepcopy(artifact.record.facts)
    alter(rows, facts)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), folder / name)
    (row,) = statistics(Draft(folder, flows=dict(artifact.record.flows), facts=facts)).to_pylist()
    return row


def faults(suite: str, row: Row) -> set[str]:
    """The names of the bounds of a suite that one row does not keep."""
    (expectations,) = yaml.safe_load((EXPECTATIONS / suite).read_text())["frames"].values()
    return {one["name"] for one in expectations if not is_kept(one["kwargs"], row)}


def is_kept(kwargs: Row, row: Row) -> bool:
    if "column_A" in kwargs:
        return bool(row[kwargs["column_A"]] == row[kwargs["column_B"]])
    value = row[kwargs["column"]]
    return bool(kwargs.get("min_value", value) <= value <= kwargs.get("max_value", value))


def alter_row(number: int, **values: Any) -> Alter:
    return lambda rows, _facts: rows[number].update(values)


def repeat_first_row(rows: list[Row], _facts: Row) -> None:
    rows[1] = rows[0]


def exchange_rows(rows: list[Row], _facts: Row) -> None:
    rows[0], rows[1] = rows[1], rows[0]


def drop_row(rows: list[Row], _facts: Row) -> None:
    rows.pop()


def excuse_elsewhere(_rows: list[Row], facts: Row) -> None:
    facts["excused"]["gopher_bullets"]["low"] = facts["excused"]["gopher_bullets"].pop("high")


def empty_bucket(_rows: list[Row], facts: Row) -> None:
    facts["buckets"]["medium"] = {"num_documents": 0, "num_bytes": 0}


def lose_tokens(_rows: list[Row], facts: Row) -> None:
    facts["levels"]["num_tokens"][3] -= 1


def lose_document(_rows: list[Row], facts: Row) -> None:
    facts["levels"]["num_documents"][3] += 1


def shift(_rows: list[Row], facts: Row) -> None:
    facts["population_stability_index"] = 0.3


def raise_level(rows: list[Row], _facts: Row) -> None:
    """Of the first document in the low bucket, by one of its scorers alone."""
    row = next(row for row in rows if row["bucket"] == "low")
    row["level_prose"] = 19


def move_bucket(rows: list[Row], _facts: Row) -> None:
    next(row for row in rows if row["bucket"] == "medium")["bucket"] = "high"


def two_answers(rows: list[Row], _facts: Row) -> None:
    next(row for row in rows if row["bucket"] == "medium")["reason"] = "unscored"


def level_of_unscored(rows: list[Row], _facts: Row) -> None:
    next(row for row in rows if row["reason"] == "unscored").update(level=20, level_prose=20)


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (unaltered, set()),
        (drop_row, {"every_level_begins_once"}),
        (alter_row(3, level=9), {"every_level_begins_once"}),
        (alter_row(3, score=1e9), {"scores_rise_with_levels"}),
        (alter_row(18, score=float("inf")), {"scores_are_finite"}),
        (lambda _rows, facts: facts.update(scorers=["prose"]), {"known_scorers"}),
        (lambda _rows, facts: facts["scorers"].append("other"), {"every_scorer_has_thresholds"}),
        (lose_tokens, {"levels_hold_the_tokens"}),
        (lose_document, {"levels_hold_the_documents"}),
    ],
)
def test_altered_thresholds(thresholds: Artifact, tmp_path: Path, alter: Alter, expected: set[str]) -> None:
    row = counts(threshold_statistics, thresholds, THRESHOLDS, tmp_path, alter)
    assert faults("thresholds.yaml", row) - expected == {"enough_documents"}
    assert expected <= faults("thresholds.yaml", row)


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (unaltered, set()),
        (drop_row, {"documents_on_disk", "bytes_on_disk", "placed_on_disk", "placed_bytes_on_disk"}),
        (repeat_first_row, {"unique_ids"}),
        (exchange_rows, {"ids_in_order"}),
        (raise_level, {"level_is_the_maximum"}),
        (move_bucket, {"buckets_are_of_levels"}),
        (two_answers, {"bucket_or_reason"}),
        (level_of_unscored, {"levels_in_range", "scores_have_levels"}),
        (excuse_elsewhere, {"rules_excused_by_their_bucket"}),
        (empty_bucket, {"no_empty_bucket"}),
        (shift, {"population_is_stable"}),
    ],
)
def test_altered_buckets(buckets: Artifact, tmp_path: Path, alter: Alter, expected: set[str]) -> None:
    assert faults("buckets.yaml", counts(bucket_statistics, buckets, BUCKETS, tmp_path, alter)) == expected
