"""The frames of shards: a row for each row group of the index, as its writer counted it, and one for all of it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import BUCKETS, CONTAMINATION_ASSET, SURVIVORS
from pipelines.digests import keyed_hash
from pipelines.encode import ORDER_KEY
from pipelines.index_statistics import STATISTICS
from pipelines.shards import BLOCK_BYTES, BLOCK_DIGEST_BYTES, BLOCK_DIGESTS, INDEX, TOKENS, open_tokens
from pipelines.store import Draft
from quality.validation.frames.counts import (
    Faults,
    Row,
    descends,
    flow_counts,
    is_blank,
    is_malformed,
    one_row,
    repeats,
    total,
)

IDS_AT_ONCE = 1 << 16


def shard_row_groups(draft: Draft) -> pa.Table:
    """A row for each row group: what its writer counted, and what the tokenizer says of tokens."""
    end_of_text = draft.facts["end_of_text"]
    rows = []
    for row in pq.read_table(draft.folder / STATISTICS).to_pylist():
        wrong = {row["smallest_last_token_id"], row["largest_last_token_id"]} - {end_of_text}
        first = row["first_document"]
        rows.append(
            row
            | {
                "file": f"{INDEX}, documents {first:,} to {first + row['num_documents']:,}",
                "vocab_size": draft.facts["vocab_size"],
                "num_wrong_last_token_ids": len(wrong),
                "wrong_last_token_ids": sorted(wrong),
            }
        )
    return pa.Table.from_pylist(rows)


def shard_statistics(draft: Draft) -> pa.Table:
    """One row on shards: the index as it lies on disk, against the size of the token file and what was counted."""
    written = pq.read_table(draft.folder / STATISTICS)
    num_token_bytes = (draft.folder / TOKENS).stat().st_size
    return one_row(
        {
            "num_tokens": len(open_tokens(draft.folder / TOKENS, draft.facts["vocab_size"])),
            "num_tokens_declared": draft.facts["num_tokens"],
            "num_tokens_written": total(written["num_tokens"]),
            "num_documents_written": total(written["num_documents"]),
            "num_blocks": -(-num_token_bytes // BLOCK_BYTES),
            "num_block_digests": (draft.folder / BLOCK_DIGESTS).stat().st_size // BLOCK_DIGEST_BYTES,
            **index_counts(draft),
            **flow_counts(draft),
        }
    )


def index_counts(draft: Draft) -> Row:
    """What the index says, and the documents in it that are not as they should be; read a batch of rows at a time.

    That documents stand in the order of their hashes is what shows, in a bounded memory, that none is there twice.
    """
    in_split, in_bucket = ids_of_split(draft), ids_of_bucket(draft)
    faults = Faults()
    num_documents = num_bytes = num_tokens = end = 0
    last = pa.array([], pa.string())  # the id in front of the batch
    for batch in pq.ParquetFile(draft.folder / INDEX).iter_batches(IDS_AT_ONCE):
        ids, offsets, lengths = batch["id"], batch["offset"].to_numpy(), batch["length"].to_numpy()
        ends = np.append(end, offsets + lengths)
        with_last = pa.concat_arrays([last, ids])
        hashes = pa.array([keyed_hash(document, ORDER_KEY) for document in with_last.to_pylist()], pa.uint64())
        faults.add("index_gaps", ids, pa.array(offsets != ends[:-1]))
        faults.add("duplicate_ids", ids, repeats(with_last).slice(len(last)))
        faults.add("ids_out_of_order", ids, descends(hashes).slice(len(last)))
        faults.add("malformed_ids", ids, is_malformed(ids))
        faults.add("without_licence", ids, is_blank(batch["licence"]))
        faults.add("without_language", ids, is_blank(batch["language"]))
        faults.add("empty_documents", ids, pa.array(lengths <= 1))
        faults.add("documents_of_other_split", ids, pc.invert(pc.is_in(ids, in_split)))
        if in_bucket is not None:
            faults.add("documents_of_other_bucket", ids, pc.invert(pc.is_in(ids, in_bucket)))
        num_documents += len(batch)
        num_bytes += total(batch["num_bytes"])
        num_tokens += int(lengths.sum())
        end, last = int(ends[-1]), ids.slice(len(ids) - 1)
    counts = {"num_documents": num_documents, "num_bytes": num_bytes, "num_tokens_indexed": num_tokens}
    return {"num_documents_of_other_bucket": 0, **counts, **faults.row}


def ids_of_split(draft: Draft) -> pa.Array:
    """The survivors of the shards' domain and split. The tables that name them have each id once, for one split."""
    (corpus,) = (parent for parent in draft.parents if parent.asset == CONTAMINATION_ASSET)
    rows = pq.read_table(corpus.folder / SURVIVORS, columns=["id", "domain", "split"])
    wanted = pc.and_(pc.equal(rows["domain"], draft.facts["domain"]), pc.equal(rows["split"], draft.facts["split"]))
    return rows["id"].filter(wanted).combine_chunks()


def ids_of_bucket(draft: Draft) -> pa.Array | None:
    """The documents of the shards' bucket, or of any where they are of all; None where the domain has no buckets."""
    for parent in draft.parents:
        if parent.asset.startswith("buckets/"):
            rows = pq.read_table(parent.folder / BUCKETS, columns=["id", "bucket"])
            bucket = draft.facts["bucket"]
            wanted = rows["bucket"].is_valid() if bucket is None else pc.equal(rows["bucket"], bucket)
            return rows["id"].filter(wanted).combine_chunks()
    return None
