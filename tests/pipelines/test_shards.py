"""Each block of a token file has its digest."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from pipelines.shards import BLOCK_BYTES, TokenisedDocument, write_shards


@pytest.mark.parametrize(("num_tokens", "num_blocks"), [(1, 1), (BLOCK_BYTES // 2, 1), (BLOCK_BYTES // 2 + 1, 2)])
def test_digests_of_all_blocks_stand_one_after_the_other(tmp_path: Path, num_tokens: int, num_blocks: int) -> None:
    token_ids = np.arange(num_tokens - 1) % 500
    document = TokenisedDocument("0" * 32, token_ids, 1, "source", "CC0-1.0", "en")
    assert write_shards(tmp_path, [document], vocab_size=512, end_of_text=511) == num_tokens
    tokens = (tmp_path / "tokens.bin").read_bytes()
    blocks = [tokens[first : first + BLOCK_BYTES] for first in range(0, len(tokens), BLOCK_BYTES)]
    assert len(blocks) == num_blocks
    digests = b"".join(hashlib.sha256(block).digest() for block in blocks)
    assert (tmp_path / "tokens.sha256").read_bytes() == digests
