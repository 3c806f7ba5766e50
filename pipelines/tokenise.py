"""Documents to shards: the surviving documents of a domain, bucket and split, encoded and written in hashed order."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import SCORES, documents_of, survivors
from pipelines.digests import keyed_hash
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.shards import INDEX, TokenisedDocument, write_shards
from pipelines.store import Artifact, Draft, Outcome, Store
from pipelines.tokenizer import Encoder

CODE_VERSION = "2"
ORDER_KEY = "shards"
DOCUMENTS_PER_BATCH = 2000
COLUMNS = ["id", "text", "num_bytes", "source", "licence", "language"]


def ensure_shards(
    store: Store,
    asset: str,
    *,
    domain: str,
    split: str,
    bucket: tuple[Artifact, str] | None,
    dedup: Artifact,
    documents: Sequence[Artifact],
    tokenizer: Artifact,
    report: Callable[[str], None],
) -> Outcome:
    """Write the shards of a domain's surviving documents in one split.

    Args:
        bucket: an artifact of scores and the bucket of it to take; None takes every document.

    Raises:
        PhaselineError: no document is left for these shards.
    """
    relevant = [artifact for artifact in documents if artifact.record.facts["domain"] == domain]

    def make(draft: Draft) -> None:
        rows = survivors(dedup, domain=domain, split=split)
        if bucket is not None:
            rows = in_bucket(rows, *bucket)
        if not len(rows):
            raise PhaselineError(f"{asset} would hold no document", "add a source to its domain, or widen its bucket")
        encoder = Encoder(tokenizer)
        order = np.argsort([keyed_hash(document, ORDER_KEY) for document in rows["id"].to_pylist()])
        table = documents_of(rows.take(order), relevant, COLUMNS)
        encoded = tokenised(table, encoder)
        num_tokens = write_shards(draft.folder, encoded, encoder.vocab_size, encoder.end_of_text)
        num_bytes = pc.sum(table["num_bytes"]).as_py()
        report(f"{len(table):,} documents, {num_bytes / 1e6:.1f} MB, {num_tokens:,} tokens")
        draft.flows |= {
            "documents": Flow(num_in=len(rows), num_kept=len(table)),
            "bytes": Flow(num_in=pc.sum(rows["num_bytes"]).as_py(), num_kept=num_bytes),
        }
        draft.facts |= {
            "domain": domain,
            "split": split,
            "bucket": bucket[1] if bucket else None,
            "vocab_size": encoder.vocab_size,
            "end_of_text": encoder.end_of_text,
            "num_tokens": num_tokens,
            "num_documents": len(table),
            "num_bytes": num_bytes,
            "tokens_by_licence": tokens_by(draft.folder / INDEX, "licence"),
            "tokens_by_language": tokens_by(draft.folder / INDEX, "language"),
        }

    return store.ensure(
        asset,
        make,
        code_version=CODE_VERSION,
        parameters={"domain": domain, "split": split, "bucket": bucket[1] if bucket else None},
        parents=[*([bucket[0]] if bucket else []), dedup, *relevant, tokenizer],
    )


def tokens_by(index: Path, column: str) -> dict[str, int]:
    """The tokens of each value of a column of an index, sorted by value."""
    table = pq.read_table(index, columns=[column, "length"]).group_by(column).aggregate([("length", "sum")])
    return dict(sorted(zip(table[column].to_pylist(), table["length_sum"].to_pylist(), strict=True)))


def in_bucket(rows: pa.Table, scores: Artifact, bucket: str) -> pa.Table:
    """The rows whose id has the bucket in the scores."""
    table = pq.read_table(scores.folder / SCORES, columns=["id", "bucket"])
    wanted = table.filter(pc.equal(table["bucket"], bucket))["id"]
    return rows.filter(pc.is_in(rows["id"], value_set=wanted.combine_chunks()))


def tokenised(table: pa.Table, encoder: Encoder) -> Iterator[TokenisedDocument]:
    """Encode documents a batch at a time, in order."""
    for start in range(0, len(table), DOCUMENTS_PER_BATCH):
        batch = table.slice(start, DOCUMENTS_PER_BATCH).to_pydict()
        for row, token_ids in enumerate(encoder.encode(batch["text"])):
            yield TokenisedDocument(
                id=batch["id"][row],
                token_ids=token_ids,
                num_bytes=batch["num_bytes"][row],
                source=batch["source"][row],
                licence=batch["licence"][row],
                language=batch["language"][row],
            )
