"""Shards: a flat little-endian token file and a Parquet index of the documents in it.

Every document is followed by one end-of-text token, so the index covers the tokens exactly: a document's ``length``
includes that token, and the next document's ``offset`` is where it ends. A third file holds the digest of each block of
the token file, so that a part of it which came over a network can be told from a damaged one; a fourth holds what was
counted while the others were written.
"""

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import PhaselineError
from pipelines.index_statistics import STATISTICS, STATISTICS_SCHEMA, TOKEN_COLUMNS, group_statistics, token_columns
from pipelines.store import Artifact

Tokens = npt.NDArray[np.unsignedinteger]

TOKENS = "tokens.bin"
INDEX = "index.parquet"
BLOCK_DIGESTS = "tokens.sha256"

BLOCK_BYTES = 1 << 20
BLOCK_DIGEST_BYTES = hashlib.sha256().digest_size
ROWS_PER_GROUP = 1 << 20  # of the index

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
OFFSET = INDEX_SCHEMA.get_field_index("offset")
DOCUMENT_SCHEMA = INDEX_SCHEMA.remove(OFFSET)  # what is known of a document before its place in the token file is
WAITING_SCHEMA = pa.schema([*INDEX_SCHEMA, *TOKEN_COLUMNS])


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


class ShardsWriter:
    """Writes shards a stretch of documents at a time, in the order given, with their index and digests.

    Args:
        folder: where the four files go.
    """

    def __init__(self, folder: Path) -> None:
        self.num_tokens = 0
        self._waiting = WAITING_SCHEMA.empty_table()  # rows of the index, fewer than ROWS_PER_GROUP
        self._num_indexed = 0
        self._statistics: list[dict[str, Any]] = []  # a row for each row group
        self._statistics_path = folder / STATISTICS
        self._block = hashlib.sha256()
        self._block_bytes = 0
        with ExitStack() as opened:
            self._tokens = opened.enter_context((folder / TOKENS).open("wb"))
            self._digests = opened.enter_context((folder / BLOCK_DIGESTS).open("wb"))
            self._index = opened.enter_context(pq.ParquetWriter(folder / INDEX, INDEX_SCHEMA, compression="zstd"))
            self._opened = opened.pop_all()

    def __enter__(self) -> "ShardsWriter":
        return self

    def __exit__(self, *_: object) -> None:
        with self._opened:
            if len(self._waiting) or not self.num_tokens:
                self._write_group(self._waiting)
            if self._block_bytes:
                self._digests.write(self._block.digest())
            pq.write_table(pa.Table.from_pylist(self._statistics, schema=STATISTICS_SCHEMA), self._statistics_path)

    def write(self, tokens: Tokens, documents: pa.Table) -> None:
        """Write documents that stand one after the other in ``tokens``.

        Args:
            tokens: with every document's end-of-text token, in the dtype of the vocabulary.
            documents: at least the columns of DOCUMENT_SCHEMA.
        """
        self._write_tokens(pa.py_buffer(tokens))
        lengths = documents["length"].to_numpy()
        offsets = self.num_tokens + np.cumsum(lengths) - lengths
        rows = documents.select(DOCUMENT_SCHEMA.names).add_column(OFFSET, "offset", pa.array(offsets))
        for name, column in token_columns(tokens, lengths).items():
            rows = rows.append_column(name, pa.array(column, pa.int64()))
        self.num_tokens += len(tokens)
        self._waiting = pa.concat_tables([self._waiting, rows.cast(WAITING_SCHEMA)])
        while len(self._waiting) >= ROWS_PER_GROUP:
            self._write_group(self._waiting.slice(0, ROWS_PER_GROUP).combine_chunks())
            self._waiting = self._waiting.slice(ROWS_PER_GROUP)

    def _write_group(self, rows: pa.Table) -> None:
        self._index.write_table(rows.select(INDEX_SCHEMA.names), ROWS_PER_GROUP)
        self._statistics.append(group_statistics(rows, self._num_indexed))
        self._num_indexed += len(rows)

    def _write_tokens(self, octets: pa.Buffer) -> None:
        self._tokens.write(octets)
        position = 0
        while position < len(octets):
            piece = octets.slice(position, min(BLOCK_BYTES - self._block_bytes, len(octets) - position))
            position += len(piece)
            self._block.update(piece)
            self._block_bytes += len(piece)
            if self._block_bytes == BLOCK_BYTES:
                self._digests.write(self._block.digest())
                self._block, self._block_bytes = hashlib.sha256(), 0
