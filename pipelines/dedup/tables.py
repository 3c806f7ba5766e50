"""What dedup writes: the survivors, and every removed record with the survivor that it duplicates."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.corpus import HELD_OUT
from pipelines.dedup.records import Records
from pipelines.dedup.survivors import Survivors

EXACT = "exact"
NEAR = "near"

PLACE = pa.struct([pa.field("source", pa.string(), False), pa.field("locator", pa.string(), False)])

SURVIVORS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("split", pa.string(), nullable=False),  # train or held_out
        pa.field("places", pa.list_(PLACE), nullable=False),  # of all its exact duplicates; the survivor's own first
    ]
)

REMOVALS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("locator", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("step", pa.string(), nullable=False),  # exact: the survivor has the same id; near: another
        pa.field("survivor_id", pa.string(), nullable=False),
        pa.field("survivor_source", pa.string(), nullable=False),
        pa.field("similarity", pa.float32(), nullable=False),  # Jaccard, of these two texts' shingles
        pa.field("survivor_split", pa.string(), nullable=False),
    ]
)


def survivors_table(records: Records, kept: NDArray[np.int64], domain: pa.Array, split: pa.Array) -> pa.Table:
    """The surviving documents ``kept``, ascending, with their domains and splits; sorted by id."""
    columns = {name: records.table[name].take(records.first[kept]) for name in ("id", "source", "licence", "language")}
    columns["num_bytes"] = records.table["num_bytes"].take(records.first[kept])
    columns |= {"domain": domain, "split": split, "places": places(records, kept)}
    table = pa.table([columns[name] for name in SURVIVORS_SCHEMA.names], schema=SURVIVORS_SCHEMA)
    return table.sort_by("id").combine_chunks()


def places(records: Records, kept: NDArray[np.int64]) -> pa.Array:
    """The (source, locator) of every record of each surviving document, in order of priority."""
    of_survivors = np.flatnonzero(np.isin(records.document, kept))
    by_document = of_survivors[np.argsort(records.document[of_survivors], kind="stable")]
    num_records = np.bincount(records.document, minlength=records.num_documents)[kept]
    taken = records.table.select(["source", "locator"]).take(by_document).combine_chunks()
    columns = [taken[name].combine_chunks() for name in ("source", "locator")]
    offsets = np.concatenate(([0], np.cumsum(num_records))).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, fields=list(PLACE)))


def removals_table(records: Records, outcome: Survivors, split_of_document: pa.Array) -> pa.Table:
    """Every record but the first of each survivor; sorted by (id, source, locator).

    Args:
        split_of_document: [num_documents], null for a document that does not survive.
    """
    is_removed = np.ones(len(records.document), np.bool_)
    is_removed[records.first[outcome.survivor == np.arange(records.num_documents)]] = False
    removed = np.flatnonzero(is_removed)
    document = records.document[removed]
    survivor = outcome.survivor[document]
    named = records.table.select(["id", "source"]).take(records.first[survivor])
    columns = {name: records.table[name].take(removed) for name in ("id", "source", "locator", "num_bytes")}
    columns |= {
        "step": pc.if_else(pa.array(survivor == document), EXACT, NEAR),
        "survivor_id": named["id"],
        "survivor_source": named["source"],
        "similarity": pa.array(outcome.similarity[document]),
        "survivor_split": split_of_document.take(survivor),
    }
    table = pa.table([columns[name] for name in REMOVALS_SCHEMA.names], schema=REMOVALS_SCHEMA)
    return table.sort_by([(name, "ascending") for name in ("id", "source", "locator")]).combine_chunks()


def reasons(removals: pa.Table) -> pa.Array:
    """Why each record was removed, in the words of the artifact's flows."""
    near = pc.if_else(pc.equal(removals["survivor_split"], HELD_OUT), "near_duplicate_of_held_out", "near_duplicate")
    return pc.if_else(pc.equal(removals["step"], EXACT), "exact_duplicate", near)
