"""Shards of a few documents that a test makes up."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.shards import DOCUMENT_SCHEMA, ShardsWriter, token_dtype


@dataclass(frozen=True)
class TokenisedDocument:
    """One document on its way into a shard: its row of the index and its token ids without the end-of-text token."""

    id: str
    token_ids: npt.NDArray[np.integer]
    num_bytes: int
    source: str
    licence: str
    language: str


def write_shards(folder: Path, documents: Iterable[TokenisedDocument], vocab_size: int, end_of_text: int) -> int:
    """Write documents that memory holds, in the order given; returns the number of tokens."""
    dtype = token_dtype(vocab_size)
    rows = [dict(vars(document)) for document in documents]
    tokens = [np.append(row.pop("token_ids"), end_of_text).astype(dtype) for row in rows]
    for row, ended in zip(rows, tokens, strict=True):
        row["length"] = len(ended)
    with ShardsWriter(folder) as writer:
        writer.write(np.concatenate([np.empty(0, dtype), *tokens]), pa.Table.from_pylist(rows, schema=DOCUMENT_SCHEMA))
    return writer.num_tokens
