"""The frames of what is sampled of shards: documents and blocks, read back from the token file."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.shards import BLOCK_BYTES, BLOCK_DIGEST_BYTES, BLOCK_DIGESTS, INDEX, TOKENS, Tokens, open_tokens
from pipelines.store import Draft
from quality.validation.frames.counts import Row

SAMPLE_DOCUMENTS = 1000
SAMPLE_BLOCKS = 32
SAMPLE_SEED = 20


def shard_sample(draft: Draft) -> pa.Table:
    """Up to 1,000 documents, a row each: their tokens where the index says that they are."""
    tokens = open_tokens(draft.folder / TOKENS, draft.facts["vocab_size"])
    index = pq.ParquetFile(draft.folder / INDEX)
    drawn = sampled(index.metadata.num_rows, SAMPLE_DOCUMENTS)
    rows: list[Row] = []
    first = 0
    for group in range(index.num_row_groups):
        end = first + index.metadata.row_group(group).num_rows
        within = drawn[(drawn >= first) & (drawn < end)] - first
        if len(within):
            documents = index.read_row_group(group, columns=["id", "offset", "length"]).take(pa.array(within))
            rows += [read_back(document, tokens, draft) for document in documents.to_pylist()]
        first = end
    return pa.Table.from_pylist(rows)


def read_back(document: Row, tokens: Tokens, draft: Draft) -> Row:
    """A document of the index with what its tokens are."""
    end_of_text = draft.facts["end_of_text"]
    own = tokens[document["offset"] : document["offset"] + document["length"]]
    return {
        "id": document["id"],
        "length": document["length"],
        "num_tokens_read": len(own),
        "largest_token_id": int(own.max()) if len(own) else None,
        "last_token_id": int(own[-1]) if len(own) else None,
        "num_ends_of_text": int((own == end_of_text).sum()),
        "end_of_text": end_of_text,
        "vocab_size": draft.facts["vocab_size"],
    }


def token_blocks(draft: Draft) -> pa.Table:
    """Up to 32 blocks of the token file, a row each: the digest that was written with it, and that of its bytes now."""
    digests = (draft.folder / BLOCK_DIGESTS).read_bytes()
    num_blocks = -(-(draft.folder / TOKENS).stat().st_size // BLOCK_BYTES)
    rows = []
    with (draft.folder / TOKENS).open("rb") as file:
        for block in sampled(num_blocks, SAMPLE_BLOCKS).tolist():
            file.seek(block * BLOCK_BYTES)
            recorded = digests[block * BLOCK_DIGEST_BYTES : (block + 1) * BLOCK_DIGEST_BYTES]
            found = hashlib.sha256(file.read(BLOCK_BYTES)).hexdigest()
            rows.append({"file": f"{TOKENS}, block {block:,}", "sha256_written": recorded.hex(), "sha256_found": found})
    return pa.Table.from_pylist(rows)


def sampled(num_rows: int, num_wanted: int) -> np.ndarray:
    """Up to ``num_wanted`` different rows out of ``num_rows``, drawn with a fixed seed, ascending."""
    generator = np.random.default_rng(SAMPLE_SEED)
    return np.sort(generator.choice(num_rows, min(num_rows, num_wanted), replace=False))
