"""Each fault planted in shards is stopped by the checks that should stop it, and by no others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from drafts import SUITES, VOCAB_SIZE, Fault, Rows, changed, failed, shard_draft, write

from pipelines.draft import Draft
from pipelines.index_statistics import STATISTICS
from pipelines.shards import BLOCK_DIGESTS, INDEX, INDEX_SCHEMA, TOKENS
from quality.validation.expectations import Expectations

ASSET = "shards/web_high"


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations(SUITES)


def swapped(rows: Rows) -> None:
    rows[1]["id"], rows[2]["id"] = rows[2]["id"], rows[1]["id"]


def repeated(rows: Rows) -> None:
    rows[2]["id"] = rows[1]["id"]


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (lambda rows: None, []),  # noqa: ARG005
        (repeated, ["unique_ids"]),
        (swapped, ["documents_in_hashed_order"]),
        (changed(0, licence="", language=" ", num_bytes=0), ["bytes_on_disk", "licence_present", "language_present"]),
        # document 2 begins a token late: a gap before it, an overlap after it, and it ends within document 3
        (changed(2, offset=6), ["index_without_gaps", "sampled_documents_end_with_end_of_text"]),
        # document 1 ends a token late, with the first of document 2
        (
            changed(1, length=4),
            ["tokens_conserved", "index_without_gaps", "sampled_documents_end_with_end_of_text"],
        ),
        # document 2 holds nothing but its end
        (changed(2, offset=8, length=1), ["tokens_conserved", "index_without_gaps", "no_empty_documents"]),
    ],
)
def test_faults_in_an_index(expectations: Expectations, tmp_path: Path, fault: Fault, stopped_by: list[str]) -> None:
    draft = shard_draft(tmp_path)
    rows = pq.read_table(draft.folder / INDEX).to_pylist()
    fault(rows)
    write(rows, INDEX_SCHEMA, draft.folder / INDEX)
    assert list(failed(expectations, ASSET, draft)) == stopped_by


def test_an_id_that_is_no_digest(expectations: Expectations, tmp_path: Path) -> None:
    draft = shard_draft(tmp_path)
    rows = pq.read_table(draft.folder / INDEX).to_pylist()
    rows[0]["id"] = "0123"
    write(rows, INDEX_SCHEMA, draft.folder / INDEX)
    found = failed(expectations, ASSET, draft)
    assert found["ids_are_digests"] == "num_malformed_ids is 1 (0123); expected 0"
    assert {"documents_of_their_split", "documents_of_their_bucket"} <= found.keys()


@pytest.mark.parametrize(
    ("facts", "stopped_by"),
    [
        ({"split": "held_out"}, "documents_of_their_split"),
        ({"bucket": "low"}, "documents_of_their_bucket"),
    ],
)
def test_documents_of_another_split_domain_or_bucket(
    expectations: Expectations, tmp_path: Path, facts: dict[str, str], stopped_by: str
) -> None:
    draft = shard_draft(tmp_path, facts)
    first = pq.read_table(draft.folder / INDEX)["id"].to_pylist()[:3]
    found = failed(expectations, ASSET, draft)
    assert list(found) == [stopped_by]
    assert f"({', '.join(first)})" in found[stopped_by]


def change_tokens(draft: Draft, change: Callable[[np.ndarray], np.ndarray]) -> None:
    tokens = np.fromfile(draft.folder / TOKENS, dtype="<u2")
    change(tokens).tofile(draft.folder / TOKENS)


def flipped(tokens: np.ndarray) -> np.ndarray:
    tokens[3] ^= 1
    return tokens


def out_of_range(tokens: np.ndarray) -> np.ndarray:
    tokens[0] = VOCAB_SIZE
    return tokens


def cut_short(tokens: np.ndarray) -> np.ndarray:
    return tokens[:-1]


@pytest.mark.parametrize(
    ("change", "stopped_by"),
    [
        (flipped, ["blocks_match_digests"]),
        (out_of_range, ["sampled_token_ids_in_range", "blocks_match_digests"]),
        (
            cut_short,
            [
                "tokens_on_disk",
                "tokens_conserved",
                "tokens_written",
                "sampled_documents_whole",
                "sampled_documents_end_with_end_of_text",
                "sampled_documents_are_one",
                "blocks_match_digests",
            ],
        ),
    ],
)
def test_faults_in_a_token_file(
    expectations: Expectations, tmp_path: Path, change: Callable[[np.ndarray], np.ndarray], stopped_by: list[str]
) -> None:
    draft = shard_draft(tmp_path)
    change_tokens(draft, change)
    assert list(failed(expectations, ASSET, draft)) == stopped_by


def test_digests_of_other_blocks(expectations: Expectations, tmp_path: Path) -> None:
    draft = shard_draft(tmp_path)
    (draft.folder / BLOCK_DIGESTS).write_bytes(bytes(64))
    found = failed(expectations, ASSET, draft)
    assert list(found) == ["blocks_have_digests", "blocks_match_digests"]
    assert f"sha256_written is {'0' * 64} in tokens.bin, block 0" in found["blocks_match_digests"]


def test_what_the_writer_counted(expectations: Expectations, tmp_path: Path) -> None:
    draft = shard_draft(tmp_path)
    table = pq.read_table(draft.folder / STATISTICS)
    (row,) = table.to_pylist()
    row |= {
        "largest_token_id": VOCAB_SIZE,
        "smallest_last_token_id": 5,
        "num_tokens": 3,
        "num_documents": 3,
        "largest_length": 20_000_000,
    }
    write([row], table.schema, draft.folder / STATISTICS)
    found = failed(expectations, ASSET, draft)
    assert list(found) == [
        "token_ids_in_range",
        "documents_end_with_end_of_text",
        "plausible_lengths",
        "tokens_written",
        "documents_written",
    ]
    assert found["documents_end_with_end_of_text"] == (
        "num_wrong_last_token_ids is 1 in index.parquet, documents 0 to 3 (5); expected 0"
    )


def test_a_document_that_ends_twice_is_two(expectations: Expectations, tmp_path: Path) -> None:
    draft = shard_draft(tmp_path)
    rows = pq.read_table(draft.folder / INDEX).to_pylist()
    rows[1]["length"] += rows[2]["length"]
    del rows[2]
    write(rows, INDEX_SCHEMA, draft.folder / INDEX)
    found = failed(expectations, ASSET, draft)
    assert found["sampled_documents_are_one"] == f"num_ends_of_text is 2 in {rows[1]['id']}; expected 1"
    assert "documents_written" in found


def test_held_out_shards_are_held_against_the_same(expectations: Expectations) -> None:
    assert expectations.checks("held_out/web") == expectations.checks("shards/web_high")
