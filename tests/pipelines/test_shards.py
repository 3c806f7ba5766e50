"""A token file, its index and its digests are the same however many documents are written at once."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_shards import TokenisedDocument, write_shards

from pipelines.shards import BLOCK_BYTES, DOCUMENT_SCHEMA, INDEX, INDEX_SCHEMA, ShardsWriter


@pytest.mark.parametrize(("num_tokens", "num_blocks"), [(1, 1), (BLOCK_BYTES // 2, 1), (BLOCK_BYTES // 2 + 1, 2)])
def test_digests_of_all_blocks_stand_one_after_the_other(tmp_path: Path, num_tokens: int, num_blocks: int) -> None:
    token_ids = np.arange(num_tokens - 1) % 500
    document = TokenisedDocument("0" * 32, token_ids, 1, "source", "CC0-1.0", "en")
    assert write_shards(tmp_path, [document], vocab_size=512, end_of_text=511) == num_tokens
    assert (tmp_path / "tokens.sha256").read_bytes() == digests_of(tmp_path / "tokens.bin", num_blocks)


def digests_of(tokens: Path, num_blocks: int) -> bytes:
    octets = tokens.read_bytes()
    blocks = [octets[first : first + BLOCK_BYTES] for first in range(0, len(octets), BLOCK_BYTES)]
    assert len(blocks) == num_blocks
    return b"".join(hashlib.sha256(block).digest() for block in blocks)


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_stretches_of_documents_make_one_token_file_and_one_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("pipelines.shards.ROWS_PER_GROUP", 100)
    lengths = np.arange(1, 1001) * 7 % 1500 + 1
    tokens = (np.arange(lengths.sum()) % 500).astype("<u4")
    ends = np.cumsum(lengths)
    rows = [
        {
            "id": f"{row:032x}",
            "length": length,
            "num_bytes": row,
            "source": f"s{row % 3}",
            "licence": "MIT",
            "language": "en",
        }
        for row, length in enumerate(lengths.tolist())
    ]
    documents = pa.Table.from_pylist(rows, schema=DOCUMENT_SCHEMA)
    with ShardsWriter(tmp_path) as writer:
        for first in range(0, len(rows), at_once):
            part = documents.slice(first, at_once)
            start = ends[first] - lengths[first]
            writer.write(tokens[start : start + sum(part["length"].to_pylist())], part)
    assert writer.num_tokens == len(tokens)
    assert (tmp_path / "tokens.bin").read_bytes() == tokens.tobytes()
    assert (tmp_path / "tokens.sha256").read_bytes() == digests_of(tmp_path / "tokens.bin", 3)
    whole = documents.add_column(1, "offset", pa.array(ends - lengths)).cast(INDEX_SCHEMA)
    pq.write_table(whole, tmp_path / "expected.parquet", compression="zstd", row_group_size=100)
    assert (tmp_path / INDEX).read_bytes() == (tmp_path / "expected.parquet").read_bytes()
