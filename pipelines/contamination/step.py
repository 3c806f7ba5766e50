"""The contamination step: survivors in, those without a benchmark's or a held-out text out, every hit explained."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import dataset

from pipelines.contamination.benchmarks import BENCHMARKS
from pipelines.contamination.declaration import HELD_OUT_SET, Benchmarks
from pipelines.contamination.references import held_out_references
from pipelines.contamination.search import Search
from pipelines.corpus import CONTAMINATION, CONTAMINATION_ASSET, HELD_OUT, SURVIVORS, TRAIN
from pipelines.engines import Engine
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Outcome, Store

CODE_VERSION = "1"
NUM_EXAMPLES = 20


def ensure_contamination(
    store: Store,
    declared: Benchmarks,
    benchmarks: Artifact,
    dedup: Artifact,
    documents: Sequence[Artifact],
    *,
    engine: Engine,
    report: Callable[[str], None],
) -> Outcome:
    """Drop the training documents that contain a record: survivors.parquet, as dedup's, without them.

    contamination.parquet has a row for every hit (HITS_SCHEMA). A document with several is counted for the first
    benchmark in the order of the declaration; held-out documents come last.

    Args:
        declared: the benchmarks, and how their records and held-out documents are found.
        benchmarks: the records.
        dedup: the survivors and their splits.
        documents: the documents of every source.
    """
    artifacts = sorted(documents, key=lambda artifact: artifact.asset)
    names = [*(benchmark.name for benchmark in declared.benchmarks), HELD_OUT_SET]

    def make(draft: Draft) -> None:
        rows = pq.read_table(dedup.folder / SURVIVORS, columns=["id", "source", "split", "num_bytes"])
        train, held_out = (rows.filter(pc.equal(rows["split"], split)) for split in (TRAIN, HELD_OUT))
        search = Search(train, artifacts, draft.work, engine, report)
        search.add([pq.read_table(benchmarks.folder / BENCHMARKS)], declared.matching)
        search.add(held_out_references(held_out, artifacts, draft.work / "held_out"), declared.held_out)
        hits = search.run()
        reasons = reasons_of(rows, hits, names)
        is_kept = pc.is_null(reasons)
        write_filtered(dedup.folder / SURVIVORS, is_kept, draft.folder / SURVIVORS)
        pq.write_table(hits, draft.folder / CONTAMINATION, compression="zstd")
        draft.flows |= flows(rows, pq.read_table(draft.folder / SURVIVORS, columns=["num_bytes"]), reasons)
        draft.facts |= {
            "by_benchmark": {name: counts_of(hits, name, search.unchecked[name]) for name in names},
            "most_found": most_found(hits),
        }
        num_dropped = len(rows) - pc.sum(is_kept, min_count=0).as_py()
        report(f"{num_dropped:,} of {len(train):,} training documents contain what evaluations use")

    return store.ensure(
        CONTAMINATION_ASSET,
        make,
        code_version=CODE_VERSION,
        parameters={
            "matching": declared.matching.model_dump(mode="json"),
            "held_out": declared.held_out.model_dump(mode="json"),
            "benchmarks": names,
        },
        parents=[benchmarks, dedup, *artifacts],
    )


def reasons_of(rows: pa.Table, hits: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Why each row's document is dropped: for the first of ``names`` that it contains; null where it contains none."""
    place = pc.index_in(hits["benchmark"], pa.array(names, pa.string()))
    first = hits.select(["id"]).append_column("place", place).group_by("id").aggregate([("place", "min")])
    reasons = pa.chunked_array([[f"contaminated_{name}" for name in names]])
    place = first["place_min"].take(pc.index_in(rows["id"], first["id"].combine_chunks()))
    return reasons.take(place)


def write_filtered(rows: Path, is_wanted: pa.ChunkedArray, path: Path) -> None:
    """Write the wanted rows of a Parquet file, or of a folder of them, a batch at a time."""
    found = dataset.dataset(rows)
    position = 0
    with pq.ParquetWriter(path, found.schema, compression="zstd") as writer:
        for batch in found.to_batches():
            writer.write_batch(batch.filter(is_wanted.slice(position, len(batch)).combine_chunks()))
            position += len(batch)


def flows(rows: pa.Table, kept: pa.Table, reasons: pa.ChunkedArray) -> dict[str, Flow]:
    """Where the survivors and their bytes went, each counted on its own."""
    dropped = rows.select(["num_bytes"]).append_column("reason", reasons).filter(pc.is_valid(reasons))
    by_reason = dropped.group_by("reason").aggregate([("num_bytes", "count"), ("num_bytes", "sum")]).sort_by("reason")
    names, counts, sums = (column.to_pylist() for column in by_reason.columns)
    num_bytes, kept_bytes = (pc.sum(table["num_bytes"], min_count=0).as_py() for table in (rows, kept))
    return {
        "documents": Flow(num_in=len(rows), num_kept=len(kept), dropped=dict(zip(names, counts, strict=True))),
        "bytes": Flow(num_in=num_bytes, num_kept=kept_bytes, dropped=dict(zip(names, sums, strict=True))),
    }


def counts_of(hits: pa.Table, name: str, num_unchecked: int) -> dict[str, int]:
    """How much of a benchmark was found, in how many documents; and how many of its texts could not be looked for."""
    of_benchmark = hits.filter(pc.equal(hits["benchmark"], name))
    return {
        "num_records_found": pc.count_distinct(of_benchmark["record"]).as_py(),
        "num_documents": pc.count_distinct(of_benchmark["id"]).as_py(),
        "num_texts_unchecked": num_unchecked,
    }


def most_found(hits: pa.Table) -> list[dict[str, Any]]:
    """The records in the most documents, with a document that contains the largest share, and an excerpt of it."""
    ordered = hits.sort_by([("share", "descending"), ("id", "ascending")])
    examples = ordered.group_by(["benchmark", "record"], use_threads=False).aggregate(
        [("id", "count_distinct"), ("id", "first"), ("share", "first"), ("excerpt", "first")]
    )
    largest = examples.sort_by(
        [("id_count_distinct", "descending"), ("benchmark", "ascending"), ("record", "ascending")]
    )
    return [
        {
            "benchmark": row["benchmark"],
            "record": row["record"],
            "num_documents": row["id_count_distinct"],
            "document": row["id_first"],
            "share": round(row["share_first"], 3),
            "excerpt": row["excerpt_first"],
        }
        for row in largest.slice(0, NUM_EXAMPLES).to_pylist()
    ]
