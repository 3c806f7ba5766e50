"""What is counted of shards in the pass that writes them: one row for each row group of the index."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

STATISTICS = "statistics.parquet"

TOKEN_COLUMNS = pa.schema(
    [
        pa.field("largest_token_id", pa.int64(), nullable=False),  # of the document
        pa.field("last_token_id", pa.int64(), nullable=False),
    ]
)

STATISTICS_SCHEMA = pa.schema(
    [
        pa.field("first_document", pa.int64(), nullable=False),  # its row of the index
        pa.field("num_documents", pa.int64(), nullable=False),
        pa.field("num_tokens", pa.int64(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("largest_length", pa.int64()),  # in tokens; this and what follows is null without documents
        pa.field("largest_token_id", pa.int64()),
        pa.field("smallest_last_token_id", pa.int64()),  # of a document; both are the end-of-text token's
        pa.field("largest_last_token_id", pa.int64()),
    ]
)


def token_columns(
    tokens: npt.NDArray[np.unsignedinteger], lengths: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.unsignedinteger]]:
    """TOKEN_COLUMNS of documents that stand one after the other in ``tokens``, each of shape (num_documents,).

    Args:
        tokens: shape (num_tokens,).
        lengths: of the documents in tokens, each at least 1; shape (num_documents,).
    """
    ends = np.cumsum(lengths)
    return {"largest_token_id": np.maximum.reduceat(tokens, ends - lengths), "last_token_id": tokens[ends - 1]}


def group_statistics(documents: pa.Table, first_document: int) -> dict[str, Any]:
    """The counts of a row group, in STATISTICS_SCHEMA.

    Args:
        documents: its rows, with the columns length, num_bytes and TOKEN_COLUMNS.
    """
    last = pc.min_max(documents["last_token_id"])
    return {
        "first_document": first_document,
        "num_documents": len(documents),
        "num_tokens": pc.sum(documents["length"], min_count=0).as_py(),
        "num_bytes": pc.sum(documents["num_bytes"], min_count=0).as_py(),
        "largest_length": pc.max(documents["length"]).as_py(),
        "largest_token_id": pc.max(documents["largest_token_id"]).as_py(),
        "smallest_last_token_id": last["min"].as_py(),
        "largest_last_token_id": last["max"].as_py(),
    }
