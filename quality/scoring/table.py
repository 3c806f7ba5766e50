"""The scores of documents as tables: the schema of their files, and finding those of some rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.store import Artifact

SCORE_FILES = "scores-*.parquet"  # one for each file of documents, the same rows in the same order

SCORES_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("score", pa.float32()),  # higher is better; never NaN
        pa.field("reason", pa.string()),  # why there is no score; null where there is one
    ]
)


def scores_name(documents: Path) -> str:
    """The name of the file with the scores of a file of documents."""
    return documents.name.replace("documents-", "scores-")


def scores_batch(ids: pa.StringArray, scores: npt.NDArray[np.float32], reason: str | pa.Array) -> pa.RecordBatch:
    """Rows of SCORES_SCHEMA from n documents.

    Args:
        scores: shape (n,), NaN where a document has no score.
        reason: why those have none, one for all or each its own.
    """
    is_missing = pa.array(np.isnan(scores))
    reasons = pc.if_else(is_missing, reason, pa.scalar(None, pa.string()))
    columns = [ids, pa.array(scores, mask=np.isnan(scores)), reasons]
    return pa.RecordBatch.from_arrays(columns, schema=SCORES_SCHEMA)


def read_scores(artifacts: Sequence[Artifact]) -> pa.Table:
    """The rows of all files of some scores, in the order given."""
    tables = [pq.read_table(path) for artifact in artifacts for path in artifact.files(SCORE_FILES)]
    return pa.concat_tables([SCORES_SCHEMA.empty_table(), *tables])


def counted(values: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs, sorted by value, nulls left out."""
    counts = {count["values"]: count["counts"] for count in values.drop_null().value_counts().to_pylist()}
    return dict(sorted(counts.items()))


def scores_of(rows: pa.Table, scores: Sequence[Artifact]) -> pa.Table:
    """The scores of documents, columns score and reason in the order of ``rows``.

    A document that a source has in several places takes the score of the first.

    Args:
        rows: documents with columns id and source.
        scores: one scorer's scores of all snapshots of these sources; those of other sources are not read.

    Raises:
        ValueError: a row has no score: the artifacts are not those of the documents that the rows were made from.
    """
    places = [np.empty(0, np.int64)]
    tables = [SCORES_SCHEMA.empty_table()]
    for source in pc.unique(rows["source"]).to_pylist():
        artifacts = [artifact for artifact in scores if artifact.record.parameters["source"] == source]
        table = read_scores(artifacts)
        of_source = np.flatnonzero(pc.equal(rows["source"], source).to_numpy())
        found = pc.index_in(rows["id"].take(pa.array(of_source)), value_set=table["id"].combine_chunks())
        if found.null_count:
            raise ValueError(f"{found.null_count} documents of {source} are not in {[one.name for one in artifacts]}")
        places.append(of_source)
        tables.append(table.take(found))
    order = np.argsort(np.concatenate(places))
    return pa.concat_tables(tables).take(pa.array(order)).select(["score", "reason"])
