"""What is counted of scores, by themselves and beside the documents; scores of other rows stop what is downstream."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drafts import SUITES, artifact, changed, failed

from pipelines.draft import Draft
from pipelines.record import Flow
from quality.scoring.statistics import score_statistics
from quality.scoring.table import SCORES_SCHEMA
from quality.validation.expectations import Expectations

FILES = [["a", "b", "c", "d"], [], ["e"]]
SOUND = {"num_ids_of_other_documents": 0, "ids_of_other_documents": []}

Rows = list[dict[str, object]]


def scores_of(ids: list[str]) -> Rows:
    return [{"id": document, "score": 0.5, "reason": None} for document in ids]


def score_draft(folder: Path, *files: Rows) -> Draft:
    """A draft of files of scores; the documents beside them have the ids of FILES."""
    documents = folder / "documents"
    documents.mkdir()
    for number, ids in enumerate(FILES):
        pq.write_table(pa.table({"id": pa.array(ids, pa.string())}), documents / f"documents-{number:05d}.parquet")
    draft = Draft(folder / "files", parents=[artifact(documents, "documents/pages/1"), artifact(folder, "raw/given/1")])
    draft.folder.mkdir()
    for number, rows in enumerate(files):
        pq.write_table(pa.Table.from_pylist(rows, SCORES_SCHEMA), draft.folder / f"scores-{number:05d}.parquet")
    draft.flows = {"documents": Flow(num_in=5, num_kept=5)}
    draft.facts = {"num_documents": 5, "share_scored": 1.0}
    return draft


def test_statistics_find_what_scores_must_not_be(tmp_path: Path) -> None:
    values = [(0.5, None), (float("nan"), None), (None, None), (2.0, "no_words")]
    rows: Rows = [
        {"id": document, "score": score, "reason": reason}
        for document, (score, reason) in zip(FILES[0], values, strict=True)
    ]
    counts = {"num_documents": 4, "num_scored": 3, "num_with_reason": 1, "num_neither_or_both": 2, "num_not_finite": 1}
    extremes = {"lowest_score": 0.5, "highest_score": 2.0}
    first, second, third = score_statistics(score_draft(tmp_path, rows, [], scores_of(["e"]))).to_pylist()
    assert first == {"file": "scores-00000.parquet", **SOUND, **counts, **extremes}
    assert second == {
        "file": "scores-00001.parquet",
        **SOUND,
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(extremes, None),
    }
    assert third["num_documents"] == 1


def swap(files: list[Rows]) -> None:
    files[0][1], files[0][2] = files[0][2], files[0][1]


@pytest.mark.parametrize(
    ("plant", "file", "found"),
    [
        (swap, "scores-00000.parquet", ["c", "b"]),
        (lambda files: changed(3, id="z")(files[0]), "scores-00000.parquet", ["z"]),
        (lambda files: files[0].pop(0), "scores-00000.parquet", ["b", "c", "d"]),
        (lambda files: files[1].extend(scores_of(["a"])), "scores-00001.parquet", ["a"]),
        (lambda files: files.pop(), "scores-00002.parquet", ["e"]),
        (lambda files: files.append(scores_of(["f"])), "scores-00003.parquet", ["f"]),
    ],
    ids=["two rows swapped", "another id", "a row lost", "a row too many", "a file lost", "a file too many"],
)
def test_rows_that_are_not_the_documents_are_found(
    tmp_path: Path, plant: Callable[[list[Rows]], object], file: str, found: list[str]
) -> None:
    files = [scores_of(ids) for ids in FILES]
    plant(files)
    faulty = [
        row for row in score_statistics(score_draft(tmp_path, *files)).to_pylist() if row["ids_of_other_documents"]
    ]
    assert [(row["file"], row["ids_of_other_documents"]) for row in faulty] == [(file, found)]


def test_scores_in_another_order_fail_the_expectation(tmp_path: Path) -> None:
    files = [scores_of(ids) for ids in FILES]
    expectations = Expectations(SUITES)
    (tmp_path / "sound").mkdir()
    assert failed(expectations, "scores/prose/pages/1", score_draft(tmp_path / "sound", *files)) == {}
    swap(files)
    (tmp_path / "swapped").mkdir()
    assert failed(expectations, "scores/prose/pages/1", score_draft(tmp_path / "swapped", *files)) == {
        "rows_of_the_documents": "num_ids_of_other_documents is 2 in scores-00000.parquet (c, b); expected 0"
    }
