"""What dedup did, in numbers and examples for its record."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.corpus import HELD_OUT
from pipelines.dedup.tables import reasons
from pipelines.documents import read_documents
from pipelines.record import Flow
from pipelines.store import Artifact

NUM_CLUSTERS = 10
EXCERPT_CHARACTERS = 120


def flows(records: pa.Table, survivors: pa.Table, removals: pa.Table) -> dict[str, Flow]:
    """Where the documents and their bytes went, each counted on its own."""
    counted = removals.select(["num_bytes"]).append_column("reason", reasons(removals)).group_by("reason")
    by_reason = counted.aggregate([("num_bytes", "sum"), ("num_bytes", "count")]).sort_by("reason").to_pylist()
    dropped = {row["reason"]: row["num_bytes_count"] for row in by_reason}
    dropped_bytes = {row["reason"]: row["num_bytes_sum"] for row in by_reason}
    num_bytes, kept_bytes = (pc.sum(table["num_bytes"], min_count=0).as_py() for table in (records, survivors))
    return {
        "documents": Flow(num_in=records.num_rows, num_kept=survivors.num_rows, dropped=dropped),
        "bytes": Flow(num_in=num_bytes, num_kept=kept_bytes, dropped=dropped_bytes),
    }


def num_by_source(survivors: pa.Table, removals: pa.Table) -> dict[str, dict[str, int]]:
    """Of each source: the documents that came in, survived (held out or not), and were removed for each reason."""
    split = pc.if_else(pc.equal(survivors["split"], HELD_OUT), "num_held_out", "num_train")
    counts = Counter(zip(survivors["source"].to_pylist(), split.to_pylist(), strict=True))
    counts += Counter(zip(removals["source"].to_pylist(), reasons(removals).to_pylist(), strict=True))
    by_source: dict[str, dict[str, int]] = {}
    for (source, column), count in sorted(counts.items()):
        row = by_source.setdefault(source, {"num_in": 0})
        row["num_in"] += count
        row[column] = count
    return by_source


def largest_clusters(documents: Sequence[Artifact], removals: pa.Table) -> list[dict[str, Any]]:
    """The survivors that displaced the most records, with how their texts begin."""
    clusters = removals.group_by(["survivor_id", "survivor_source"]).aggregate([("id", "count")])
    largest = clusters.sort_by([("id_count", "descending"), ("survivor_id", "ascending")]).slice(0, NUM_CLUSTERS)
    excerpts = dict(excerpts_of(documents, largest["survivor_id"]))
    return [
        {
            "survivor_id": row["survivor_id"],
            "survivor_source": row["survivor_source"],
            "num_removed": row["id_count"],
            "excerpt": excerpts[row["survivor_id"]],
        }
        for row in largest.to_pylist()
    ]


def excerpts_of(documents: Sequence[Artifact], ids: pa.ChunkedArray) -> Iterator[tuple[str, str]]:
    """The ids and the first characters of some documents."""
    wanted = ids.combine_chunks()
    for artifact in documents:
        for batch in read_documents(artifact, ["id", "text"]):
            found = batch.filter(pc.is_in(batch["id"], wanted))
            excerpts = pc.utf8_slice_codeunits(found["text"], 0, EXCERPT_CHARACTERS)
            yield from zip(found["id"].to_pylist(), excerpts.to_pylist(), strict=True)
