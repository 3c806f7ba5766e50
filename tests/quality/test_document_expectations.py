"""Each fault planted in documents is stopped by the checks that should stop it, and by no others."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from drafts import SUITES, Fault, Rows, changed, document_draft, document_row, document_rows, failed, write

from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.record import Flow
from quality.validation.expectations import Expectations
from quality.validation.frames import document_sample

ASSET = "documents/pages/1"


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations(SUITES)


def test_sound_documents_pass_every_check(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows(5), document_rows(3, "others.jsonl"), num_rejected=3)
    checks = expectations.validate(ASSET, draft)
    assert [check.name for check in checks if not check.passed] == []
    assert {check.name: check.severity == "error" for check in checks} == expectations.checks(ASSET)
    found = {check.name: check.detail for check in checks}
    assert found["documents_conserved"] == "num_documents_lost is 0; expected 0"
    assert found["some_documents"] == "num_documents is 8; expected min_value 1"
    assert found["text_present"] == "num_without_text is 0 in 2 rows; expected 0"


def test_faults_in_what_is_known_of_documents(expectations: Expectations, tmp_path: Path) -> None:
    rows = document_rows(8)
    faults = [
        {"id": document_id("another")},
        {"licence": " "},
        {"licence": "free for all"},
        {"language": ""},
        {"language": "fr"},
        {"answer_start": 500},
    ]
    for row, fault in zip(rows, faults, strict=False):
        row.update(fault)
    found = failed(expectations, ASSET, document_draft(tmp_path, document_rows(4, "others.jsonl"), rows))
    where = "in documents-00001.parquet"
    wrong, right = rows[0]["id"], document_id(rows[0]["text"])
    assert found == {
        "ids_are_digests_of_text": f"num_wrong_ids is 1 {where} ({wrong}); expected 0",
        "licence_present": f"num_without_licence is 1 {where} ({rows[1]['id']}); expected 0",
        "language_present": f"num_without_language is 1 {where} ({rows[3]['id']}); expected 0",
        "answers_within_text": f"num_answers_outside_text is 1 {where} ({rows[5]['id']}); expected 0",
        "languages_declared": f"num_undeclared_languages is 1 {where} (fr); expected 0",
        "licences_known": f"num_unknown_licences is 1 {where} (free for all); expected 0",
        "ids_on_disk_are_digests_of_text": f"id is {wrong} and digest_of_text is {right} {where}; expected to be equal",
    }


@pytest.mark.parametrize(
    ("faults", "stopped_by"),
    [
        (
            [{"num_bytes": 7}, {"locator": "pages.jsonl:0"}, {"language_score": float("inf")}],
            [
                "sizes_are_of_text",
                "bytes_on_disk",
                "unique_locators",
                "sizes_on_disk_are_of_text",
                "language_scores_are_probabilities",
            ],
        ),
        (
            [
                document_row("pages.jsonl:0", " \n"),
                document_row("pages.jsonl:1", "\ufffd" * 9),
                document_row("pages.jsonl:2", "ab\0"),
                document_row("pages.jsonl:3", "word " * 2_000_001),
            ],
            ["text_present", "plausible_lengths", "few_replacement_characters", "few_control_characters"],
        ),
    ],
)
def test_faults_in_documents(expectations: Expectations, tmp_path: Path, faults: Rows, stopped_by: list[str]) -> None:
    rows = document_rows()
    for row, fault in zip(rows, faults, strict=False):
        row.update(fault)
    assert (
        list(failed(expectations, ASSET, document_draft(tmp_path, document_rows(4, "others.jsonl"), rows)))
        == stopped_by
    )


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (lambda rows: rows.pop(), ["files_whole", "documents_on_disk", "bytes_on_disk", "attributes_on_disk"]),
        (changed(1, text="Another text."), ["ids_on_disk_are_digests_of_text", "sizes_on_disk_are_of_text"]),
    ],
)
def test_faults_that_come_about_after_counting(
    expectations: Expectations, tmp_path: Path, fault: Fault, stopped_by: list[str]
) -> None:
    draft = document_draft(tmp_path, document_rows())
    rows = document_rows()
    fault(rows)
    write(rows, SCHEMA, tmp_path / "documents-00000.parquet")
    assert list(failed(expectations, ASSET, draft)) == stopped_by


def test_a_message_names_the_file_and_the_first_documents(expectations: Expectations, tmp_path: Path) -> None:
    rows = document_rows(5, "others.jsonl")
    for row in (1, 2, 3, 4):
        rows[row]["licence"] = ""
    found = failed(expectations, ASSET, document_draft(tmp_path, document_rows(), rows))
    first = ", ".join(row["id"] for row in rows[1:4])
    assert found["licence_present"] == f"num_without_licence is 4 in documents-00001.parquet ({first}); expected 0"


def test_several_files_with_a_fault(expectations: Expectations, tmp_path: Path) -> None:
    rows, others = document_rows(2), document_rows(2, "others.jsonl")
    rows[0]["language"] = "la"
    others[0]["language"] = "ru"
    found = failed(expectations, ASSET, document_draft(tmp_path, rows, document_rows(2, "third.jsonl"), others))
    assert found["languages_declared"] == (
        "2 of 3 rows unexpected: num_undeclared_languages is 1 in documents-00000.parquet (la), "
        "num_undeclared_languages is 1 in documents-00002.parquet (ru); expected 0"
    )


@pytest.mark.parametrize("reader", [{"format": "source_code"}, {"format": "parquet", "columns": {"path": "path"}}])
def test_source_code_is_not_asked_for_a_natural_language(
    expectations: Expectations, tmp_path: Path, reader: dict[str, object]
) -> None:
    rows = document_rows()
    rows[0]["language"] = "python"
    draft = document_draft(tmp_path, rows)
    draft.parameters = {**draft.parameters, "reader": reader}
    assert list(failed(expectations, ASSET, draft)) == []


def test_a_dropped_and_a_duplicated_file(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows(), document_rows(3, "others.jsonl"))
    shutil.copy(tmp_path / "documents-00001.parquet", tmp_path / "documents-00002.parquet")
    found = failed(expectations, ASSET, draft)
    on_disk = ["documents_on_disk", "bytes_on_disk", "attributes_on_disk"]
    assert list(found) == ["files_whole", *on_disk, "unique_locators"]
    assert found["unique_locators"] == (
        "num_duplicate_locators is 3 (others.jsonl:0, others.jsonl:1, others.jsonl:2); expected 0"
    )
    (tmp_path / "documents-00001.parquet").unlink()
    (tmp_path / "documents-00002.parquet").unlink()
    found = failed(expectations, ASSET, draft)
    assert list(found) == ["files_whole", *on_disk]
    assert found["files_whole"].startswith(
        "num_documents is 3 and num_documents_on_disk is 0 in documents-00001.parquet; "
    )


def test_columns_that_are_not_as_declared(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows())
    path = tmp_path / "documents-00000.parquet"
    table = pq.read_table(path)
    size = table.schema.get_field_index("num_bytes")
    table = table.set_column(size, "num_bytes", table["num_bytes"].cast("int32"))
    pq.write_table(table.drop_columns(["url"]).rename_columns({"repository": "repo"}), path)
    assert failed(expectations, ASSET, draft) == {
        "columns_as_declared": "num_wrong_columns is 4 in documents-00000.parquet "
        "(url is missing, repository is missing, num_bytes is int32, not int64, repo is not declared); expected 0"
    }


def test_counts_that_the_files_do_not_bear_out(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows(), num_rejected=2)
    draft.flows["documents"] = Flow(num_in=9, num_kept=5, dropped={"short": 3})
    draft.flows["bytes"] = Flow(num_in=1000, num_kept=990, dropped={"short": 10})
    assert list(failed(expectations, ASSET, draft)) == ["documents_conserved", "bytes_on_disk", "rejections_on_disk"]


def test_a_maker_that_counts_nothing_fails(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows())
    draft.flows.clear()
    checks = {check.name: check for check in expectations.validate(ASSET, draft)}
    assert checks["documents_conserved"].blocks
    assert checks["documents_conserved"].detail.startswith("there is no num_documents_lost")


def test_no_documents_at_all(expectations: Expectations, tmp_path: Path) -> None:
    assert list(failed(expectations, ASSET, document_draft(tmp_path, []))) == ["some_documents"]


def test_the_sample_reads_some_row_groups_of_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_sample, "SAMPLE_GROUPS", 4)
    monkeypatch.setattr(document_sample, "SAMPLE_ROWS", 20)
    files = [document_rows(30, f"{number}.jsonl") for number in range(5)]
    draft = document_draft(tmp_path, *files)
    for number, rows in enumerate(files):
        table = pq.read_table(tmp_path / f"documents-{number:05d}.parquet")
        pq.write_table(table, tmp_path / f"documents-{number:05d}.parquet", row_group_size=10)
        assert len(rows) == 30
    sample = document_sample.document_sample(draft)
    groups = {(row["file"], int(row["locator"].split(":")[1]) // 10) for row in sample.to_pylist()}
    assert len(sample) == len(set(sample["id"].to_pylist())) == 20
    assert len(groups) == 4
    assert len({file for file, _ in groups}) > 1
    assert sample.equals(document_sample.document_sample(draft))
