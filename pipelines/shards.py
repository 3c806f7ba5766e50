"""Shards: a flat little-endian token file and a Parquet index of the documents in it.

Every document is followed by one end-of-text token, so the index covers the tokens exactly: a document's ``length``
includes that token, and the next document's ``offset`` is where it ends. A third file holds the digest of each block of
the token file, so that a part of it which came over a network can be told from a damaged one.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import PhaselineError
from pipelines.store import Artifact

Tokens = npt.NDArray[np.unsignedinteger]

TOKENS = "tokens.bin"
INDEX = "index.parquet"
BLOCK_DIGESTS = "tokens.sha256"

BLOCK_BYTES = 1 << 20
BLOCK_DIGEST_BYTES = hashlib.sha256().digest_size

INDEX_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),  # in tokens, from the start of the token file
        pa.field("length", pa.int64(), nullable=False),  # in tokens, the end-of-text token included
        pa.field("num_bytes", pa.int64(), nullable=False),  # of the text in UTF-8
        pa.field("source", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
    ]
)


def token_dtype(vocab_size: int) -> np.dtype[np.unsignedinteger]:
    """The dtype of token files: two bytes where the vocabulary allows it, else four; little-endian."""
    return np.dtype("<u2") if vocab_size <= 1 << 16 else np.dtype("<u4")


@dataclass(frozen=True)
class Shards:
    """The shards of one domain and bucket, opened for reading; tokens stay on disk until they are sliced."""

    tokens: Tokens  # memory-mapped, shape (num_tokens,)
    index: pa.Table

    @property
    def num_tokens(self) -> int:
        return len(self.tokens)


def open_tokens(path: Path, vocab_size: int) -> Tokens:
    """Memory-map a token file, shape (num_tokens,); raises PhaselineError where its size is not whole tokens."""
    dtype = token_dtype(vocab_size)
    num_bytes = path.stat().st_size
    if num_bytes % dtype.itemsize:
        raise PhaselineError(f"{path} holds {num_bytes} bytes, not whole tokens", "materialise these shards again")
    return np.memmap(path, dtype=dtype, mode="r") if num_bytes else np.empty(0, dtype)


def open_shards(artifact: Artifact) -> Shards:
    """Open the shards of an artifact."""
    tokens = open_tokens(artifact.folder / TOKENS, artifact.record.facts["vocab_size"])
    return Shards(tokens, pq.read_table(artifact.folder / INDEX))


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
    """Write documents in the order given as one token file, its index and its digests; returns the number of tokens."""
    dtype = token_dtype(vocab_size)
    rows: dict[str, list[object]] = {name: [] for name in INDEX_SCHEMA.names}
    offset = 0
    with (folder / TOKENS).open("wb") as file:
        for document in documents:
            token_ids = np.append(document.token_ids, end_of_text).astype(dtype)
            file.write(token_ids.tobytes())
            row = (document.id, offset, len(token_ids), document.num_bytes, document.source)
            for name, value in zip(INDEX_SCHEMA.names, (*row, document.licence, document.language), strict=True):
                rows[name].append(value)
            offset += len(token_ids)
    pq.write_table(pa.table(rows, schema=INDEX_SCHEMA), folder / INDEX, compression="zstd")
    write_block_digests(folder)
    return offset


def write_block_digests(folder: Path) -> None:
    """Write the SHA-256 of each ``BLOCK_BYTES`` of the token file, the last block shorter, one after the other."""
    with (folder / TOKENS).open("rb") as tokens, (folder / BLOCK_DIGESTS).open("wb") as digests:
        while block := tokens.read(BLOCK_BYTES):
            digests.write(hashlib.sha256(block).digest())
