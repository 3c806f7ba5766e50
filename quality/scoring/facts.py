"""What the scores of some documents are, in numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
NUM_BINS = 20


def score_facts(files: Sequence[Path]) -> dict[str, Any]:
    """Counts, quantiles over documents, and a histogram of equal bins from the least to the greatest score.

    Without a score there are no quantiles and no histogram.
    """
    reasons: dict[str, int] = {}
    parts = [np.empty(0, np.float32)]
    for path in files:
        table = pq.read_table(path, columns=["score", "reason"])
        parts.append(table["score"].drop_null().to_numpy())
        for row in pc.value_counts(table["reason"].drop_null()).to_pylist():
            reasons[row["values"]] = reasons.get(row["values"], 0) + row["counts"]
    scores = np.concatenate(parts)
    num_documents = len(scores) + sum(reasons.values())
    return {
        "num_documents": num_documents,
        "num_scored": len(scores),
        "share_scored": len(scores) / max(num_documents, 1),
        "num_without_score": dict(sorted(reasons.items())),
        "score_quantiles": quantiles(scores) if len(scores) else {},
        "score_histogram": histogram(scores) if len(scores) else {},
    }


def quantiles(scores: np.ndarray) -> dict[str, float]:
    return {str(level): float(value) for level, value in zip(QUANTILES, np.quantile(scores, QUANTILES), strict=True)}


def histogram(scores: np.ndarray) -> dict[str, list[float]]:
    """The documents in each bin, and the edges of the bins, one more than these."""
    counts, edges = np.histogram(scores, NUM_BINS)
    return {"num_documents": counts.tolist(), "edges": edges.tolist()}
