"""Statistics of files of scores, which expectations are held against."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.documents import DOCUMENTS
from pipelines.store import Draft
from quality.scoring.table import SCORE_FILES, SCORES_SCHEMA, scores_name
from quality.validation.frames.counts import Column, differs, found

IDS_SCHEMA = pa.schema([SCORES_SCHEMA.field("id")])
SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("num_ids_of_other_documents", pa.int64()),
        ("ids_of_other_documents", pa.list_(pa.string())),
        ("num_documents", pa.int64()),
        ("num_scored", pa.int64()),
        ("num_with_reason", pa.int64()),
        ("num_neither_or_both", pa.int64()),
        ("num_not_finite", pa.int64()),
        ("lowest_score", pa.float32()),
        ("highest_score", pa.float32()),
    ]
)


def score_statistics(draft: Draft) -> pa.Table:
    """A row for each file of scores, and for each that the documents should have; a file that is not there is empty.

    The extremes are of finite scores, null where none is.
    """
    (documents,) = (parent.folder for parent in draft.parents if parent.asset.startswith("documents/"))
    of_documents = {scores_name(path): path for path in documents.glob(DOCUMENTS)}
    of_scores = {path.name: path for path in draft.folder.glob(SCORE_FILES)}
    rows = []
    for name in sorted(of_documents.keys() | of_scores.keys()):
        scores = rows_of(of_scores.get(name), SCORES_SCHEMA)
        ids = rows_of(of_documents.get(name), IDS_SCHEMA)["id"]
        rows.append({"file": name} | ids_of_other_documents(scores["id"], ids) | statistics_of(scores))
    return pa.Table.from_pylist(rows, SCHEMA)


def rows_of(path: Path | None, schema: pa.Schema) -> pa.Table:
    """The columns of a schema from a file; none where there is no file."""
    return schema.empty_table() if path is None else pq.read_table(path, columns=schema.names)


def ids_of_other_documents(ids: Column, expected: Column) -> dict[str, Any]:
    """How many rows have another id than that of the document there, and the first of these ids.

    Where one file has fewer rows, each row of the other beyond them counts.
    """
    num_rows = max(len(ids), len(expected))
    ids, expected = (padded(column, num_rows) for column in (ids, expected))
    return found("ids_of_other_documents", pc.coalesce(ids, expected), differs(ids, expected))


def padded(column: Column, num_rows: int) -> Column:
    """A column with nulls behind its rows."""
    return pa.chunked_array([*column.chunks, pa.nulls(num_rows - len(column), column.type)])


def statistics_of(table: pa.Table) -> dict[str, Any]:
    has_score, has_reason = (table[column].is_valid().to_numpy() for column in ("score", "reason"))
    scores = table["score"].drop_null().to_numpy()
    extremes = pc.min_max(pa.array(scores[np.isfinite(scores)]))
    return {
        "num_documents": len(table),
        "num_scored": int(has_score.sum()),
        "num_with_reason": int(has_reason.sum()),
        "num_neither_or_both": int((has_score == has_reason).sum()),
        "num_not_finite": int((~np.isfinite(scores)).sum()),
        "lowest_score": extremes["min"].as_py(),
        "highest_score": extremes["max"].as_py(),
    }
