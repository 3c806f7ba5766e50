"""Tokens of text that may never become tokens, estimated from text of the same source that did."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.shards import INDEX
from pipelines.store import Artifact


def tokens_per_byte(shards: Sequence[Artifact]) -> dict[str, float]:
    """The tokens of each source in some shards, by byte of its text."""
    columns = ["source", "length", "num_bytes"]
    indices = [pq.read_table(artifact.folder / INDEX, columns=columns) for artifact in shards]
    if not indices:
        return {}
    sums = pa.concat_tables(indices).group_by("source").aggregate([("length", "sum"), ("num_bytes", "sum")])
    return {row["source"]: row["length_sum"] / row["num_bytes_sum"] for row in sums.to_pylist()}
