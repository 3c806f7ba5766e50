"""What is counted in the pass that writes files: of documents a row a file, of shards a row for each row group."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datatrove.data import Document

from pipelines.digests import document_id
from pipelines.index_statistics import STATISTICS, STATISTICS_SCHEMA
from pipelines.process.write import WriteDocuments
from pipelines.rejection import Rejection
from pipelines.shards import DOCUMENT_SCHEMA, ShardsWriter


def document(text: str, **metadata: Any) -> Document:
    known = {
        "locator": "a.txt",
        "url": None,
        "licence": "MIT",
        "repository": None,
        "language": "en",
        "language_score": 1.0,
        "num_bytes": len(text.encode()),
        "answer_start": None,
        "broken_rule": None,
        "rejection": None,
    }
    return Document(text=text, id=document_id(text), metadata=known | metadata)


def test_the_writer_counts_what_it_keeps(tmp_path: Path) -> None:
    altered = document("Sealed.")
    altered.text = "Altered since."
    documents = [
        document("Grüße!", language="de"),
        document("Rejected.", rejection=Rejection("short", "1 < 2")),
        altered,
        document("Short.", licence=" ", num_bytes=7),
        document(" ", language="", answer_start=1),
    ]
    assert len(list(WriteDocuments(tmp_path, "pages", "1").run(iter(documents), rank=3))) == 5
    (row,) = pq.read_table(tmp_path / "statistics-00003.parquet").to_pylist()
    assert row == {
        "file": "documents-00003.parquet",
        "num_documents": 4,
        "num_bytes": 8 + 14 + 6 + 1,
        "largest_num_bytes": 14,
        "languages": ["", "de", "en"],
        "licences": [" ", "MIT"],
        "num_wrong_ids": 1,
        "wrong_ids": [altered.id],
        "num_wrong_sizes": 2,
        "wrong_sizes": [altered.id, document_id("Short.")],
        "num_without_text": 1,
        "without_text": [document_id(" ")],
        "num_without_licence": 1,
        "without_licence": [document_id("Short.")],
        "num_without_language": 1,
        "without_language": [document_id(" ")],
        "num_answers_outside_text": 1,
        "answers_outside_text": [document_id(" ")],
    }


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_row_groups_are_counted_alike_however_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("pipelines.shards.ROWS_PER_GROUP", 100)
    generator = np.random.default_rng(5)
    lengths = generator.integers(1, 40, 250)
    ends = np.cumsum(lengths)
    tokens = generator.integers(0, 500, ends[-1]).astype("<u2")
    columns = {"source": "s", "licence": "MIT", "language": "en"}
    rows = [
        {"id": f"{row:032x}", "length": length, "num_bytes": row} | columns
        for row, length in enumerate(lengths.tolist())
    ]
    documents = pa.Table.from_pylist(rows, schema=DOCUMENT_SCHEMA)
    with ShardsWriter(tmp_path) as writer:
        for first in range(0, 250, at_once):
            last = min(first + at_once, 250) - 1
            writer.write(tokens[ends[first] - lengths[first] : ends[last]], documents.slice(first, at_once))
    groups = [(0, 100), (100, 200), (200, 250)]
    expected = [
        {
            "first_document": first,
            "num_documents": end - first,
            "num_tokens": int(lengths[first:end].sum()),
            "num_bytes": sum(range(first, end)),
            "largest_length": int(lengths[first:end].max()),
            "largest_token_id": int(tokens[ends[first] - lengths[first] : ends[end - 1]].max()),
            "smallest_last_token_id": int(tokens[ends[first:end] - 1].min()),
            "largest_last_token_id": int(tokens[ends[first:end] - 1].max()),
        }
        for first, end in groups
    ]
    assert pq.read_table(tmp_path / STATISTICS).equals(pa.Table.from_pylist(expected, schema=STATISTICS_SCHEMA))
