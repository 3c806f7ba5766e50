"""Scores from files are joined by id, whatever the format and order; what no file may hold is named with its row."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scored_documents import Planted, make_documents, outcomes, score

from pipelines.digests import document_id
from pipelines.errors import PhaselineError
from pipelines.fetch.raw import ensure_raw
from pipelines.readers.source_file import in_memory
from pipelines.store import Artifact, Store
from quality.scoring import kinds
from quality.scoring.declaration import FileScorer
from quality.scoring.score_files import score_rows

FILES = [[Planted("one"), Planted("two"), Planted("three")], [Planted("one"), Planted("four")]]
ONE, TWO, THREE, FOUR = (document_id(text) for text in ("one", "two", "three", "four"))
OTHER = document_id("of no document")

Rows = Sequence[tuple[object, object]]


def as_csv(rows: Rows) -> bytes:
    return ("id,by,score\n" + "".join(f"{document},me,{score}\n" for document, score in rows)).encode()


def as_json_lines(rows: Rows) -> bytes:
    lines = [json.dumps({"score": score, "by": "me", "id": document}) for document, score in rows]
    return "\n\n".join(lines).encode()


def as_parquet(rows: Rows) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": [row[0] for row in rows], "score": [row[1] for row in rows]}), sink)
    return bytes(sink.getvalue())


FORMATS: dict[str, Callable[[Rows], bytes]] = {"csv": as_csv, "json_lines": as_json_lines, "parquet": as_parquet}


def file_scorer(folder: Path, format_: str = "csv", **changes: object) -> FileScorer:
    declared = {
        "name": "reviewed",
        "domain": "web",
        "kind": "file",
        "licence": "CC0-1.0",
        "snapshot": "v1",
        "place": {"folder": str(folder)},
        "format": format_,
        "include": ["*"],
        "id_column": "id",
        "score_column": "score",
    }
    return FileScorer.model_validate(declared | changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "scores"
    path.mkdir()
    return path


def score_by_files(store: Store, scorer: FileScorer, workers: int = 1) -> Artifact:
    raw = ensure_raw(store, scorer.source, scorer.snapshot, lambda _: None).artifact
    return score(store, scorer, make_documents(store, FILES), raw, workers=workers)


def read(content: bytes, format_: str = "csv", name: str = "a", **changes: object) -> list[tuple[str, float, int]]:
    """What is read of a file of scores."""
    return list(score_rows(in_memory(name, content), file_scorer(Path(), format_, **changes)))


def test_scores_are_joined_by_id(tmp_path: Path, folder: Path) -> None:
    (folder / "a").write_bytes(as_csv([(FOUR, 4), (OTHER, 9), (ONE, -1)]))
    (folder / "b").write_bytes(as_csv([(TWO, 0), (ONE, -1)]))
    scores = score_by_files(Store(tmp_path), file_scorer(folder))
    assert outcomes(scores) == [-1.0, 0.0, "not_in_file", -1.0, 4.0]
    assert [parent.asset for parent in scores.record.parents] == ["documents/pages/1", "raw/reviewed/v1"]


def test_workers_pieces_and_the_order_of_rows_change_nothing(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(ONE, 1), (TWO, 2), (FOUR, 4), (ONE, 1)]
    (folder / "a").write_bytes(as_csv(rows))
    digest = score_by_files(Store(tmp_path / "one"), file_scorer(folder)).digest
    monkeypatch.setattr(kinds, "PIECE_BYTES", 1)
    (folder / "a").write_bytes(as_csv(rows[:1:-1]))
    (folder / "b").write_bytes(as_csv(rows[1::-1]))
    assert score_by_files(Store(tmp_path / "two"), file_scorer(folder), workers=2).digest == digest


def test_files_of_other_bytes_are_scored_again(tmp_path: Path, folder: Path) -> None:
    store = Store(tmp_path)
    (folder / "a").write_bytes(as_csv([(ONE, 1)]))
    assert [score_by_files(store, file_scorer(folder)).record.version for _ in range(2)] == [1, 1]
    (folder / "a").write_bytes(as_csv([(ONE, 2)]))
    assert outcomes(score_by_files(store, file_scorer(folder)))[0] == 2.0


def test_two_different_scores_are_refused_with_both_rows(tmp_path: Path, folder: Path) -> None:
    (folder / "a.csv").write_bytes(as_csv([(TWO, 1), (ONE, 1)]))
    (folder / "b.csv").write_bytes(as_csv([(ONE, 2)]))
    with pytest.raises(PhaselineError, match=rf"b\.csv: row 1: {ONE} has the score 2, and 1 in row 2 of a\.csv"):
        score_by_files(Store(tmp_path), file_scorer(folder))


@pytest.mark.parametrize(("format_", "numbers"), [("csv", [1, 2]), ("json_lines", [1, 3]), ("parquet", [1, 2])])
def test_each_format_gives_ids_scores_and_row_numbers(format_: str, numbers: list[int]) -> None:
    content = FORMATS[format_]([(ONE, 0.5), (TWO, -3.0)])
    assert read(content, format_) == [(ONE, 0.5, numbers[0]), (TWO, -3.0, numbers[1])]


def test_other_columns_and_compressed_files_can_be_declared() -> None:
    content = gzip.compress(f"document,quality,score\n{ONE},3,9\n".encode())
    assert read(content, name="a.csv.gz", id_column="document", score_column="quality") == [(ONE, 3.0, 1)]


def test_numbers_in_any_notation_are_scores() -> None:
    assert [score for _, score, _ in read(as_csv([(ONE, "1e-3"), (TWO, " -.5"), (THREE, "7")]))] == [0.001, -0.5, 7]


@pytest.mark.parametrize("value", ["", "good", "nan", "-inf", "1e39"])
def test_what_is_no_finite_number_is_refused_with_its_row(value: str) -> None:
    with pytest.raises(PhaselineError, match=rf"a: row 2: the score '{value}' is no finite number"):
        read(as_csv([(ONE, 1), (TWO, value)]))


@pytest.mark.parametrize("value", [None, True, "good", [1]])
def test_what_is_no_number_in_json_is_refused_with_its_line(value: object) -> None:
    with pytest.raises(PhaselineError, match=r"a: row 3: the score .* is no finite number"):
        read(as_json_lines([(ONE, 1), (TWO, value)]), "json_lines")


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_null_or_nan_in_parquet_is_refused_with_its_row(value: float | None) -> None:
    with pytest.raises(PhaselineError, match=r"a: row 2: the score (None|nan) is no finite number"):
        read(as_parquet([(ONE, 1.0), (TWO, value)]), "parquet")


@pytest.mark.parametrize("value", ["<urn:uuid:1>", ONE.upper(), ""])
def test_an_id_of_another_kind_is_refused(value: str) -> None:
    with pytest.raises(PhaselineError, match=r"a: row 1: '.*' is no document's id"):
        read(as_csv([(value, 1)]))


@pytest.mark.parametrize(("format_", "where"), [("csv", "a"), ("parquet", "a"), ("json_lines", "a: row 1")])
def test_a_missing_column_is_refused(format_: str, where: str) -> None:
    with pytest.raises(PhaselineError, match=rf"{where}: there is no column quality among") as error:
        read(FORMATS[format_]([(ONE, 1)]), format_, score_column="quality")
    assert error.value.remedy == "mend the file, or id_column and score_column of reviewed"


@pytest.mark.parametrize(
    ("format_", "content", "message"),
    [
        ("parquet", b"PAR1 and nothing else", "a: after row 0: not readable"),
        ("json_lines", b'{"id": "%b", "score": 1}\n{"id"' % ONE.encode(), "a: after row 1: not readable"),
        ("json_lines", b"[1]\n", "a: after row 0: not readable: a row is list, not an object"),
        ("csv", b"id,score\n%b,1,2\n" % ONE.encode(), "a: after row 0: not readable: 3 columns"),
    ],
)
def test_a_broken_file_is_refused(format_: str, content: bytes, message: str) -> None:
    with pytest.raises(PhaselineError, match=message):
        read(content, format_)
