"""Documents that may be learnt from, before both sides are put together."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.digests import keyed_hash

SAMPLE_KEY = "quality/sample"

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),  # or the name of the labelled file
        pa.field("label", pa.int8(), nullable=False),  # 1 for positives, 0 for negatives
        pa.field("text", pa.large_string(), nullable=False),
    ]
)


class Candidates(NamedTuple):
    """Documents, SCHEMA, at most so many of each source; out of how many, and why the others are not among them."""

    table: pa.Table
    num_in: int
    dropped: Counter[str]


def sample_order(document: str) -> int:
    """Where a document stands in the order in which a source's documents are taken, and learnt from."""
    return keyed_hash(document, SAMPLE_KEY)


def in_sample_order(rows: pa.Table) -> pa.Table:
    """Documents by their column id in the order of sampling."""
    order = np.argsort([sample_order(document) for document in rows["id"].to_pylist()], kind="stable")
    return rows.take(pa.array(order))
