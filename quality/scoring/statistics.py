"""Statistics of files of scores, which expectations are held against."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.store import Draft
from quality.scoring.table import SCORE_FILES

SCHEMA = pa.schema(
    [
        ("file", pa.string()),
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
    """A row for each file of scores, counted from the file; the extremes are of finite scores, null where none is."""
    return pa.Table.from_pylist([statistics_of(path) for path in sorted(draft.folder.glob(SCORE_FILES))], SCHEMA)


def statistics_of(path: Path) -> dict[str, Any]:
    table = pq.read_table(path, columns=["score", "reason"])
    has_score, has_reason = (table[column].is_valid().to_numpy() for column in ("score", "reason"))
    scores = table["score"].drop_null().to_numpy()
    extremes = pc.min_max(pa.array(scores[np.isfinite(scores)]))
    return {
        "file": path.name,
        "num_documents": len(table),
        "num_scored": int(has_score.sum()),
        "num_with_reason": int(has_reason.sum()),
        "num_neither_or_both": int((has_score == has_reason).sum()),
        "num_not_finite": int((~np.isfinite(scores)).sum()),
        "lowest_score": extremes["min"].as_py(),
        "highest_score": extremes["max"].as_py(),
    }
