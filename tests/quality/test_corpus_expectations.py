"""Each fault planted in the corpus is stopped by the checks that should stop it, and by no others."""

from pathlib import Path

import pytest
from drafts import SUITES, Fault, changed, contamination_draft, dedup_draft, failed, parents_of, survivor_rows

from pipelines.digests import document_id
from pipelines.draft import Draft
from pipelines.record import Flow
from quality.validation.expectations import Expectations

DEDUP = "corpus/dedup"
CONTAMINATION = "corpus/contamination"
OTHER_SPLIT = {"train": "held_out", "held_out": "train"}


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations(SUITES)


def in_other_split(row: int) -> Fault:
    return lambda rows: rows[row].update(split=OTHER_SPLIT[rows[row]["split"]])


def in_both_splits(rows: list[dict[str, object]]) -> None:
    rows[1] = rows[0] | {"split": OTHER_SPLIT[str(rows[0]["split"])]}


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (lambda rows: None, []),  # noqa: ARG005
        (lambda rows: rows.reverse(), ["ids_in_order"]),
        (in_both_splits, ["unique_ids", "splits_are_of_ids"]),
        (in_other_split(2), ["splits_are_of_ids"]),
        (changed(0, id="0", split="held_out"), ["ids_are_digests"]),
        (changed(3, places=[], licence="", num_bytes=11), ["bytes_on_disk", "licence_present", "places_present"]),
    ],
)
def test_faults_in_survivors(expectations: Expectations, tmp_path: Path, fault: Fault, stopped_by: list[str]) -> None:
    rows = survivor_rows()
    survivor = rows[-1]["id"]
    fault(rows)
    assert list(failed(expectations, DEDUP, dedup_draft(tmp_path, rows, survivor))) == stopped_by


def test_a_split_that_there_is_not(expectations: Expectations, tmp_path: Path) -> None:
    rows = survivor_rows()
    trained_on = next(row for row in rows if row["split"] == "train")
    trained_on["split"] = "test"
    found = failed(expectations, DEDUP, dedup_draft(tmp_path, rows, rows[0]["id"]))
    assert found == {"known_splits": f"num_unknown_splits is 1 ({trained_on['id']}); expected 0"}


def test_removals_that_name_no_survivor(expectations: Expectations, tmp_path: Path) -> None:
    draft = dedup_draft(tmp_path, survivor_rows(), document_id("gone"))
    assert list(failed(expectations, DEDUP, draft)) == ["removals_name_survivors"]


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (lambda rows: None, []),  # noqa: ARG005
        (in_other_split(3), ["splits_are_those_of_dedup"]),
        (in_both_splits, ["unique_ids", "splits_are_those_of_dedup"]),
        (changed(7, id="f" * 32), ["splits_are_those_of_dedup"]),
        (lambda rows: rows.reverse(), ["ids_in_order"]),
    ],
)
def test_faults_in_survivors_of_decontamination(
    expectations: Expectations, tmp_path: Path, fault: Fault, stopped_by: list[str]
) -> None:
    rows = survivor_rows()
    fault(rows)
    draft = contamination_draft(tmp_path, rows, document_id("gone"))
    assert list(failed(expectations, CONTAMINATION, draft)) == stopped_by


def test_a_contaminated_document_among_the_survivors(expectations: Expectations, tmp_path: Path) -> None:
    rows = survivor_rows()
    found = failed(expectations, CONTAMINATION, contamination_draft(tmp_path, rows, rows[2]["id"]))
    assert found == {"contamination_zero": f"num_contaminated_survivors is 1 ({rows[2]['id']}); expected 0"}


def test_hits_that_name_no_record_and_hits_that_are_missing(expectations: Expectations, tmp_path: Path) -> None:
    draft = contamination_draft(tmp_path, survivor_rows(), document_id("gone"), record=" ")
    draft.flows["documents"] = Flow(num_in=10, num_kept=8, dropped={"contaminated_quiz": 2})
    assert list(failed(expectations, CONTAMINATION, draft)) == ["hits_on_disk", "hits_name_records"]


def test_a_recipe_reads_shards_of_one_corpus(expectations: Expectations, tmp_path: Path) -> None:
    facts = {"total_samples": 8, "samples_of_sources": 8}
    same = [parents_of("shards/web", "a" * 64), parents_of("shards/wiki", "a" * 64)]
    assert failed(expectations, "manifests/small", Draft(tmp_path, facts=facts, parents=same)) == {}
    other = [parents_of("shards/web", "a" * 64), parents_of("shards/wiki", "b" * 64)]
    found = failed(expectations, "manifests/small", Draft(tmp_path, facts=facts, parents=other))
    assert found == {
        "one_corpus": f"corpus is corpus/contamination@1 {'b' * 12} and corpus_of_first is "
        f"corpus/contamination@1 {'a' * 12} in shards/wiki@1; expected to be equal"
    }
