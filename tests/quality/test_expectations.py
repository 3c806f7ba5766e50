"""Suites of expectations: what they hold for, what stops downstream, and which are refused before any work."""

import importlib
from pathlib import Path

import pytest
from drafts import SUITES, document_draft, document_rows, failed

from pipelines.draft import Draft
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.store import Store
from quality.validation.expectations import Expectations
from quality.validation.frames import FRAMES


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations(SUITES)


def test_every_frame_is_where_it_is_said_to_be() -> None:
    for name, module in FRAMES.items():
        assert callable(getattr(importlib.import_module(module), name))


def test_a_classifier_that_tells_nothing_apart(expectations: Expectations, tmp_path: Path) -> None:
    facts = {"auc": 0.55, "recall": 0.6, "calibration_error": 0.02, "num_positives": 500, "num_negatives": 90}
    draft = Draft(tmp_path, facts=facts, flows={"documents": Flow(num_in=590, num_kept=590)})
    checks = expectations.validate("classifiers/web_prose", draft)
    assert [(check.name, check.blocks) for check in checks if not check.passed] == [
        ("separates_classes", True),
        ("enough_negatives", False),
    ]


def test_a_fact_that_is_no_number_is_within_no_bound(expectations: Expectations, tmp_path: Path) -> None:
    found = failed(expectations, "evaluations/small", Draft(tmp_path, facts={"largest_bits_per_byte": float("nan")}))
    assert found["losses_are_plausible"].startswith("there is no largest_bits_per_byte")


def test_an_expectation_that_cannot_be_evaluated_has_failed(expectations: Expectations, tmp_path: Path) -> None:
    facts = {"largest_bits_per_byte": "many"}
    found = failed(expectations, "evaluations/small", Draft(tmp_path, facts=facts))
    assert found["losses_are_plausible"].startswith("largest_bits_per_byte cannot be compared")


def test_the_store_blocks_what_is_downstream_of_a_fault(expectations: Expectations, tmp_path: Path) -> None:
    store = Store(tmp_path, expectations)
    rows = document_rows()
    rows[0]["licence"] = ""

    def make(draft: Draft) -> None:
        draft.flows = document_draft(draft.folder, rows).flows

    parameters = {"domain": {"languages": []}, "reader": {"format": "text"}}
    faulty = store.ensure("documents/pages", make, code_version="1", parameters=parameters).artifact
    with pytest.raises(
        PhaselineError,
        match=rf"documents/pages@1 failed licence_present \(num_without_licence is 1 in documents-00000.parquet "
        rf"\({rows[0]['id']}\); expected 0\)",
    ):
        store.ensure("corpus/dedup", make, code_version="1", parameters={}, parents=[faulty])


SUITE = """applies_to: [documents/*]
frames:
  {frame}:
    - {{name: some, expectation: {expectation}, kwargs: {kwargs}}}
"""


@pytest.mark.parametrize(
    ("frame", "expectation", "kwargs", "message"),
    [
        (
            "document_statistics",
            "ExpectColumnsToShine",
            "{column: a}",
            r"s\.yaml:4: .*Great Expectations has no ExpectColumnsToShine",
        ),
        ("document_statistics", "ExpectColumnValuesToBeUnique", "{columm: a}", r"s\.yaml:4: .*'columm' was unexpected"),
        (
            "document_statistics",
            "ExpectColumnValuesToBeBetween",
            "{column: a, max_value: [1]}",
            r"kwargs\.max_value of Expect",
        ),
        ("facts", "ExpectColumnValuesToBeBetween", "{column: a}", "declare min_value, max_value or both"),
        (
            "document_statistic",
            "ExpectColumnValuesToBeUnique",
            "{column: a}",
            "there is no frame document_statistic; name one of: parquet_files, doc",
        ),
    ],
)
def test_suites_are_refused_before_any_work(
    tmp_path: Path, frame: str, expectation: str, kwargs: str, message: str
) -> None:
    (tmp_path / "s.yaml").write_text(SUITE.format(frame=frame, expectation=expectation, kwargs=kwargs))
    with pytest.raises(PhaselineError, match=message):
        Expectations(tmp_path)


def test_one_name_twice_for_one_asset_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(
            SUITE.format(frame="facts", expectation="ExpectColumnToExist", kwargs="{column: a}")
        )
    with pytest.raises(PhaselineError, match="some is expected of documents/pages more than once"):
        Expectations(tmp_path).digest("documents/pages")


def test_the_digest_is_of_what_is_expected_of_the_asset(expectations: Expectations, tmp_path: Path) -> None:
    assert expectations.digest("model/pages") is None
    assert expectations.digest("documents/pages") == expectations.digest("documents/others")
    assert expectations.digest("documents/pages") != expectations.digest("shards/web")
    for suite in SUITES.glob("*.yaml"):
        (tmp_path / suite.name).write_text(
            suite.read_text().replace("max_value: 0.9}, severity: warn", "max_value: 0.8}")
        )
    assert Expectations(tmp_path).digest("documents/pages") != expectations.digest("documents/pages")
    assert Expectations(tmp_path).digest("shards/web") == expectations.digest("shards/web")
