"""What the scores of some documents are, in numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from quality.arrays import Floats
from quality.quantiles import interpolated_quantiles
from quality.scoring.table import SCORES_SCHEMA, counted

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
NUM_BINS = 20


def score_facts(files: Sequence[Path]) -> dict[str, Any]:
    """Counts, quantiles over documents, and a histogram of equal bins from the least to the greatest score.

    Without a score there are no quantiles and no histogram.
    """
    columns = ["score", "reason"]
    tables = [pq.read_table(path, columns=columns) for path in files]
    table = pa.concat_tables([SCORES_SCHEMA.empty_table().select(columns), *tables])
    scores = table["score"].drop_null().to_numpy()
    return {
        "num_documents": len(table),
        "num_scored": len(scores),
        "share_scored": len(scores) / max(len(table), 1),
        "num_without_score": counted(table["reason"]),
        "score_quantiles": interpolated_quantiles(scores, QUANTILES) if len(scores) else {},
        "score_histogram": histogram(scores) if len(scores) else {},
    }


def histogram(scores: Floats) -> dict[str, list[float]]:
    """The documents in each bin, and the edges of the bins, one more than these."""
    counts, edges = np.histogram(scores, NUM_BINS)
    return {"num_documents": counts.tolist(), "edges": edges.tolist()}
