"""Documents to shards: the surviving documents of a domain, bucket and split, encoded and written in hashed order."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import BUCKETS, survivors
from pipelines.encode import EncodeDocuments, stretches, tokens_of
from pipelines.engines import Engine
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.selection import files_of, grouped, write_selection
from pipelines.shards import INDEX, ShardsWriter, token_dtype
from pipelines.store import Artifact, Draft, Outcome, Store

CODE_VERSION = "3"
GROUP_BYTES = 64 << 20  # of files for each task
STRETCH_BYTES = 256 << 20  # of text that is put in order at once: a matter of memory


def ensure_shards(
    store: Store,
    asset: str,
    *,
    domain: str,
    split: str,
    buckets: Artifact | None,
    bucket: str | None,
    corpus: Artifact,
    documents: Sequence[Artifact],
    tokenizer: Artifact,
    engine: Engine,
    report: Callable[[str], None],
) -> Outcome:
    """Write the shards of a domain's surviving documents in one split.

    Args:
        buckets: of the domain's documents; None where it has none, and every document is taken.
        bucket: the one whose documents are taken; None takes those of all.

    Raises:
        PhaselineError: no document is left for these shards.
        ValueError: a survivor has no document: the artifacts are not those that were deduplicated.
    """
    relevant = [artifact for artifact in documents if artifact.record.facts["domain"] == domain]

    def make(draft: Draft) -> None:
        rows = survivors(corpus, domain=domain, split=split)
        if buckets is not None:
            rows = in_bucket(rows, buckets, bucket)
        if not len(rows):
            raise PhaselineError(f"{asset} would hold no document", "add a source to its domain, or widen its bucket")
        selections, encoded = draft.work / "selections", draft.work / "encoded"
        encoded.mkdir(parents=True, exist_ok=True)
        write_selection(rows.select(["id", "source", "num_bytes", "licence", "language"]), selections)
        groups = grouped(files_of(relevant, rows), GROUP_BYTES)
        engine.run(
            [EncodeDocuments(tokenizer, groups, selections, encoded)],
            len(groups),
            draft.work / "tasks",
            num_bytes=sum(file.num_bytes for group in groups for file in group),
            report=report,
        )
        num_bytes = pc.sum(rows["num_bytes"]).as_py()
        vocab_size = tokenizer.record.facts["vocab_size"]
        with ShardsWriter(draft.folder) as writer:
            for table in stretches(encoded, len(groups), -(-num_bytes // STRETCH_BYTES)):
                writer.write(tokens_of(table, token_dtype(vocab_size)), table)
        index = pq.read_table(draft.folder / INDEX, columns=["length", "num_bytes", "licence", "language"])
        if len(index) < len(rows):
            raise ValueError(
                f"{len(rows) - len(index)} documents are not in {[artifact.name for artifact in relevant]}"
            )
        report(f"{len(index):,} documents, {num_bytes / 1e6:.1f} MB, {writer.num_tokens:,} tokens")
        draft.flows |= {
            "documents": Flow(num_in=len(rows), num_kept=len(index)),
            "bytes": Flow(num_in=num_bytes, num_kept=pc.sum(index["num_bytes"]).as_py()),
        }
        draft.facts |= {
            "domain": domain,
            "split": split,
            "bucket": bucket,
            "vocab_size": vocab_size,
            "end_of_text": tokenizer.record.facts["end_of_text"],
            "num_tokens": writer.num_tokens,
            "num_documents": len(index),
            "num_bytes": num_bytes,
            "tokens_by_licence": tokens_by(index, "licence"),
            "tokens_by_language": tokens_by(index, "language"),
        }

    return store.ensure(
        asset,
        make,
        code_version=CODE_VERSION,
        parameters={"domain": domain, "split": split, "bucket": bucket},
        parents=[*([buckets] if buckets else []), corpus, *relevant, tokenizer],
    )


def tokens_by(index: pa.Table, column: str) -> dict[str, int]:
    """The tokens of each value of a column of an index, sorted by value."""
    table = index.group_by(column).aggregate([("length", "sum")])
    return dict(sorted(zip(table[column].to_pylist(), table["length_sum"].to_pylist(), strict=True)))


def in_bucket(rows: pa.Table, buckets: Artifact, bucket: str | None) -> pa.Table:
    """The rows whose document is in a bucket, or in any of them where None is named."""
    table = pq.read_table(buckets.folder / BUCKETS, columns=["id", "bucket"])
    is_wanted = table["bucket"].is_valid() if bucket is None else pc.equal(table["bucket"], bucket)
    return rows.filter(pc.is_in(rows["id"], value_set=table.filter(is_wanted)["id"].combine_chunks()))
