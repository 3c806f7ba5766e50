"""Rows of named columns, from every format that holds them: text by column or template, and what a bad row costs."""

import bz2
import csv
import gzip
import io
import json
import struct
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from reading import ALL, read, reasons, texts

from pipelines.readers import csv_rows, json_array, lines
from pipelines.readers.formats import (
    ArrowReader,
    CsvReader,
    HuggingFaceReader,
    JsonLinesReader,
    JsonReader,
    ParquetReader,
    Reader,
)
from pipelines.readers.patterns import compile_patterns
from pipelines.readers.tables import needed

Rows = Sequence[dict[str, Any]]

JSON_LINES = JsonLinesReader(format="json_lines", include=ALL, question="Question: {{ q }}\nAnswer: ", answer="{{ a }}")
JSON = JsonReader(format="json", include=ALL, text="t")
CSV = CsvReader(format="csv", include=ALL, text="t")
PARQUET = ParquetReader(format="parquet", include=ALL, text="t")
ARROW = ArrowReader(format="arrow", include=ALL, text="t")
HUGGING_FACE = HuggingFaceReader(format="hugging_face", text="t")


def as_json_lines(rows: Rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_json(rows: Rows) -> bytes:
    return json.dumps(rows, indent=1).encode()


def as_csv(rows: Rows) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_parquet(rows: Rows) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink, row_group_size=2)
    return sink.getvalue()


def as_arrow_stream(rows: Rows) -> bytes:
    sink = io.BytesIO()
    write_stream(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()


def write_stream(table: pa.Table, sink: io.BytesIO) -> None:
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def as_arrow_file(rows: Rows) -> bytes:
    sink = io.BytesIO()
    table = pa.Table.from_pylist(list(rows))
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return sink.getvalue()


FORMATS: list[tuple[Reader, str, Callable[[Rows], bytes]]] = [
    (JsonLinesReader(format="json_lines", include=ALL, text="t"), "a.jsonl", as_json_lines),
    (JSON, "a.json", as_json),
    (CSV, "a.csv", as_csv),
    (PARQUET, "a.parquet", as_parquet),
    (ARROW, "a.arrow", as_arrow_stream),
    (ARROW, "a.arrow", as_arrow_file),
]


@pytest.mark.parametrize(("reader", "path", "write"), FORMATS)
def test_every_format_gives_the_same_records(reader: Reader, path: str, write: Callable[[Rows], bytes]) -> None:
    rows = [{"t": f'Text "{number}",\nnumber {number} é', "u": f"http://a.org/{number}"} for number in range(5)]
    with_address = reader.model_copy(update={"columns": {"url": "u", "licence": "u", "repository": "u"}})
    records = read(with_address, path, write(rows))
    assert texts(records) == [row["t"] for row in rows]
    assert [record.url for record in records] == [row["u"] for row in rows]
    assert [record.licence for record in records] == [row["u"] for row in rows]
    assert [record.repository for record in records] == [row["u"] for row in rows]
    assert [record.locator for record in records] == [f"{path}#{number}" for number in range(1, 6)]


@pytest.mark.parametrize(("reader", "path", "write"), FORMATS)
def test_a_row_without_the_text_is_counted(reader: Reader, path: str, write: Callable[[Rows], bytes]) -> None:
    (record,) = read(reader, path, write([{"u": "x"}]))
    assert reasons([record]) == ["template_mismatch"]
    assert record.rejection is not None
    assert record.rejection.detail == "no column 't'"


@pytest.mark.parametrize(("reader", "path", "write"), FORMATS)
def test_an_empty_file_is_counted(reader: Reader, path: str, write: Callable[[Rows], bytes]) -> None:
    expected = {"a.json": "invalid_json", "a.parquet": "unreadable_file", "a.arrow": "unreadable_file"}
    assert reasons(read(reader, path, b"")) == [expected.get(path, "no_records")]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
def test_texts_come_through_csv_and_json_unaltered(values: list[str]) -> None:
    rows = [{"t": value, "n": "1"} for value in values]
    assert texts(read(CSV, "a.csv", as_csv(rows))) == values
    assert texts(read(JSON, "a.json", as_json(rows))) == values


def test_text_is_told_in_one_way() -> None:
    for told in ({}, {"text": "t", "template": "{{ t }}"}, {"text": "t", "question": "{{ q }}", "answer": "{{ a }}"}):
        with pytest.raises(ValidationError, match="one of text, template, or question with answer is needed"):
            JsonLinesReader.model_validate({"format": "json_lines", "include": ALL, **told})
    with pytest.raises(ValidationError, match="question and answer need each other"):
        JsonLinesReader(format="json_lines", include=ALL, question="{{ q }}")


def test_question_and_answer_are_apart_and_bad_lines_counted() -> None:
    bad = [b'{"q": "Half', b'{"q": "No answer"}', b"[1]", b"\xff", b'{"q": "x", "a": 2}']
    records = read(JSON_LINES, "a.jsonl", b"\n".join([b'{"q": "Why?", "a": "So."}', b"", *bad]))
    assert [record.locator for record in records] == [f"a.jsonl#{number}" for number in (1, 3, 4, 5, 6, 7)]
    assert reasons(records) == [
        None,
        "invalid_json",
        "template_mismatch",
        "template_mismatch",
        "invalid_json",
        None,
    ]
    assert (records[0].text, records[0].answer) == ("Question: Why?\nAnswer: ", "So.")
    assert records[-1].answer == "2"


def test_a_template_that_fails_on_a_row_costs_that_row() -> None:
    reader = JsonLinesReader(format="json_lines", include=ALL, template="{{ 1 // n }}{{ a.b }}{{ n + 1 }}")
    records = read(reader, "a.jsonl", b'{"n": 0}\n{"n": 1}\n{"n": "x"}\n{"n": 1, "a": {"b": "c"}}\n')
    assert reasons(records) == ["template_mismatch"] * 3 + [None]


def test_a_path_names_the_record_and_its_language() -> None:
    reader = JsonLinesReader(
        format="json_lines", include=ALL, text="content", columns={"path": "path", "repository": "repo"}
    )
    rows = [{"content": "x = 1", "path": "src/a.py", "repo": "who/what"}]
    (record,) = read(reader, "a.jsonl", as_json_lines(rows))
    assert (record.locator, record.language, record.repository) == ("a.jsonl#1/src/a.py", "python", "who/what")


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".zst", zstd.compress)],
)
def test_compressed_files_of_several_members_are_read(suffix: str, compress: Callable[[bytes], bytes]) -> None:
    parts = [as_json_lines([{"q": f"{number}", "a": "x"}]) for number in range(3)]
    records = read(JSON_LINES, f"a.jsonl{suffix}", b"".join(map(compress, parts)))
    assert [record.text for record in records] == [f"Question: {number}\nAnswer: " for number in range(3)]


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstd.compress)])
def test_a_stream_that_breaks_off_keeps_what_came_before(suffix: str, compress: Callable[[bytes], bytes]) -> None:
    rows = as_json_lines([{"q": f"{number}", "a": f"{number * number * 7919}"} for number in range(30_000)])
    half = compress(rows)
    half = half[: len(half) // 2]
    records = read(JSON_LINES, f"a.jsonl{suffix}", half)
    assert len(records) > 1000
    assert reasons(records[:-2]) == [None] * (len(records) - 2)
    assert reasons(records)[-1] == "unreadable_file"
    assert records[-1].num_raw_bytes == len(half)


@pytest.mark.parametrize(
    ("reader", "head", "row"), [(JSON_LINES, b"", b'{"q": "x", "a": "y"}'), (CSV, b"t,u\n", b"x,y")]
)
def test_a_line_that_is_too_long_is_left_out(
    reader: Reader, head: bytes, row: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_LINE_BYTES", 100)
    longest, too_long, far_too_long = (row.ljust(size) for size in (99, 100, 3_000_000))
    records = read(reader, "a", head + b"\n".join([row, longest, too_long, far_too_long, row, far_too_long]))
    assert reasons(records) == [None, None, "line_too_long", "line_too_long", None, "line_too_long"]
    sizes = [record.num_raw_bytes for record in records if record.rejection]
    assert sizes == [101, 3_000_001, 3_000_000]


def test_a_line_of_70_megabytes_takes_no_such_memory() -> None:
    compressed = gzip.compress(b'{"q": "x", "a": "y"}\n' + b"x" * 70_000_000 + b'\n{"q": "x", "a": "y"}\n', 1)
    tracemalloc.start()
    records = read(JSON_LINES, "a.jsonl.gz", compressed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reasons(records) == [None, "line_too_long", None]
    assert records[1].num_raw_bytes == 70_000_001
    assert peak < 70_000_000 + len(compressed)


def test_a_json_array_that_is_none_in_the_middle_keeps_what_came_before() -> None:
    whole = as_json([{"t": str(number)} for number in range(10_000)])
    assert texts(read(JSON, "a.json", whole)) == [str(number) for number in range(10_000)]
    for broken in (whole[:100_000] + b"nonsense", whole[: len(whole) // 2]):
        records = read(JSON, "a.json", broken)
        assert len(records) > 1000
        assert reasons(records) == [None] * (len(records) - 1) + ["invalid_json"]
    assert reasons(read(JSON, "a.json", b'{"t": "one object"}')) == ["invalid_json"]
    assert reasons(read(JSON, "a.json", b"[]")) == ["no_records"]
    assert reasons(read(JSON, "a.json", b'[{"t": "\xff"}, {"t": "x"}, {"t": "\\ud800"}]')) == [
        "invalid_utf8",
        None,
        None,
    ]
    assert reasons(read(JSON, "a.json", b"[1, null]")) == ["template_mismatch"] * 2


def test_a_huge_element_of_a_json_array_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "MOST_ELEMENT_CHARACTERS", 20_000)
    monkeypatch.setattr(json_array, "CHUNK_BYTES", 1000)
    data = b'[{"t": "a"}, {"t": "b"}, {"t": "' + b"x" * 1_000_000 + b'"}]'
    assert reasons(read(JSON, "a.json", data)) == [None, None, "too_large"]
    small = as_json([{"t": "é" * 1001, "n": number * 1000} for number in range(1000)])
    assert reasons(read(JSON, "a.json", small)) == [None] * 1000


@settings(max_examples=30)
@given(st.lists(st.recursive(st.none() | st.integers() | st.text(), st.lists)), st.integers(1, 9))
def test_a_json_array_is_read_the_same_in_pieces_of_any_size(values: list[Any], chunk_bytes: int) -> None:
    rows = [{"t": "x", "value": value} for value in values]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK_BYTES", chunk_bytes)
        assert [row for row, _ in json_array.elements(io.BytesIO(as_json(rows)))] == rows
        assert [row for row, _ in json_array.elements(io.BytesIO(json.dumps(values).encode()))] == values


def test_rows_nested_without_end_are_counted() -> None:
    deep = b'{"t": "x", "n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert reasons(read(JSON, "a.json", b'[{"t": "x"},' + deep + b"]")) == [None, "invalid_json"]
    assert reasons(read(FORMATS[0][0], "a.jsonl", deep + b'\n{"t": "x"}')) == ["invalid_json", None]


def test_csv_rows_of_another_width_or_encoding_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'\xef\xbb\xbft,u\n"a, b",1\n\nc\nd,2,3\n\xff,4\ne,5\n'
    records = read(CSV, "a.csv", data)
    assert reasons(records) == [None, "wrong_column_count", "wrong_column_count", "invalid_utf8", None]
    assert texts(records) == ["a, b", "e"]
    assert records[1].rejection is not None
    assert records[1].rejection.detail == "1, the first line has 2"
    tabs = CsvReader(format="csv", include=ALL, text="t", delimiter="\t")
    assert texts(read(tabs, "a.tsv", b"t\tu\na, b\t1\n")) == ["a, b"]
    monkeypatch.setattr(csv_rows, "MOST_LINE_BYTES", 50)
    records = read(CSV, "a.csv", b't,u\na,1\nc\rd,2\n"never closed,1\n' + b"b,1\n" * 20)
    assert reasons(records)[:3] == [None, "invalid_csv", "line_too_long"]
    assert texts(records)[-1] == "b"


def test_a_parquet_file_that_is_cut_or_none_is_counted() -> None:
    data = as_parquet([{"t": "x" * 100}] * 10)
    assert reasons(read(PARQUET, "a.parquet", data[:-20])) == ["unreadable_file"]
    assert reasons(read(PARQUET, "a.parquet", b"PAR1 garbage PAR1")) == ["unreadable_file"]
    torn = data[:300] + bytes(200) + data[500:]
    assert reasons(read(PARQUET, "a.parquet", torn))[-1] == "unreadable_file"


def test_an_arrow_file_that_is_cut_or_none_is_counted() -> None:
    stream = as_arrow_stream([{"t": str(number)} for number in range(10)])
    records = read(ARROW, "a.arrow", stream[: len(stream) // 2])
    assert texts(records) == [str(number) for number in range(len(records) - 1)]
    assert len(records) > 2
    assert reasons(records)[-1] == "unreadable_file"
    for garbage in (b"garbage" * 10, b"ARROW1" + b"garbage" * 10, as_arrow_file([{"t": "x"}])[:-8]):
        assert reasons(read(ARROW, "a.arrow", garbage)) == ["unreadable_file"]


@pytest.mark.parametrize("values", [["a", "bc", "def"], [["a"], ["b", "c"], ["d", "e", "f"]]])
@pytest.mark.parametrize("write", [as_arrow_stream, as_arrow_file])
def test_an_arrow_file_with_cells_beyond_its_end_is_counted(values: Rows, write: Callable[[Rows], bytes]) -> None:
    data = write([{"t": value} for value in values])
    first_batch, damaged = struct.pack("<3i", 0, 1, 3), struct.pack("<3i", 0, 1, 1 << 30)
    assert data.count(first_batch) == 1
    assert reasons(read(ARROW, "a.arrow", data.replace(first_batch, damaged))) == ["unreadable_file"]


@pytest.mark.parametrize(("reader", "write"), [(PARQUET, as_parquet), (ARROW, as_arrow_stream), (ARROW, as_arrow_file)])
def test_a_column_whose_name_is_not_utf8_makes_a_file_unreadable(
    reader: Reader, write: Callable[[Rows], bytes]
) -> None:
    data = write([{"t": "a", "other": "b"}])
    assert b"other" in data
    assert reasons(read(reader, "a", data.replace(b"other", b"oth\xffr"))) == ["unreadable_file"]


def test_a_cell_that_is_not_utf8_costs_its_row_alone() -> None:
    values = pa.array([b"a", b"\xff", b"c"], pa.binary())
    broken = pa.StringArray.from_buffers(3, values.buffers()[1], values.buffers()[2])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.schema([("t", pa.string())])) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays([broken], ["t"]))
    records = read(ARROW, "a.arrow", sink.getvalue())
    assert reasons(records) == [None, "invalid_utf8", None]
    assert texts(records) == ["a", "c"]


@pytest.mark.parametrize(("reader", "write"), [(PARQUET, pq.write_table), (ARROW, write_stream)])
def test_a_date_beyond_all_calendars_costs_its_row_alone(reader: Reader, write: Callable[..., None]) -> None:
    dates = pa.array([0, 1 << 30, 1], pa.int32()).cast(pa.date32())
    sink = io.BytesIO()
    write(pa.table({"t": ["a", "b", "c"], "day": dates}), sink)
    with_day = reader.model_copy(update={"text": None, "template": "{{ t }} {{ day }}"})
    records = read(with_day, "a", sink.getvalue())
    assert reasons(records) == [None, "invalid_value", None]
    assert texts(records) == ["a 1970-01-01", "c 1970-01-02"]


def test_nested_columns_are_python_values_and_others_are_not_read() -> None:
    reader = ParquetReader(format="parquet", include=ALL, template="{{ turns[0].content }} {{ turns | length }}")
    turns = [{"role": "user", "content": "Hi"}, {"role": "bot", "content": "Ho"}]
    data = as_parquet([{"other": "x", "turns": turns}])
    assert texts(read(reader, "a.parquet", data)) == ["Hi 2"]
    assert needed(pq.read_schema(io.BytesIO(data)), reader) == ["turns"]
    with_address = reader.model_copy(update={"columns": {"url": "other"}})
    assert needed(pq.read_schema(io.BytesIO(data)), with_address) == ["other", "turns"]


def test_a_hugging_face_file_is_read_by_its_name() -> None:
    rows = [{"t": "one"}, {"t": "two"}]
    for path, data in {
        "train/data-00000-of-00001.arrow": as_arrow_stream(rows),
        "data/train-00000-of-00001.parquet": as_parquet(rows),
        "train.jsonl.gz": gzip.compress(as_json_lines(rows)),
        "en/train.00000.json.gz": gzip.compress(as_json_lines(rows)),
        "train.json": as_json(rows),
        "train.csv": as_csv(rows),
    }.items():
        assert texts(read(HUGGING_FACE, path, data)) == ["one", "two"]
    assert reasons(read(HUGGING_FACE, "train.xlsx", b"")) == ["unknown_format"]


def test_a_data_set_is_read_as_it_was_saved(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    saved = {split: [f"{split} {number}" for number in range(20)] for split in ("train", "test")}
    DatasetDict({split: Dataset.from_dict({"t": saved[split]}) for split in saved}).save_to_disk(
        tmp_path, num_shards={"train": 2, "test": 1}
    )
    include, exclude = compile_patterns(HUGGING_FACE.include), compile_patterns(HUGGING_FACE.exclude)
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    chosen = sorted(path for path in files if include.match(path) and not exclude.match(path))
    assert chosen == [
        "test/data-00000-of-00001.arrow",
        "train/data-00000-of-00002.arrow",
        "train/data-00001-of-00002.arrow",
    ]
    records = [record for path in chosen for record in read(HUGGING_FACE, path, files[path].read_bytes())]
    assert texts(records) == saved["test"] + saved["train"]
