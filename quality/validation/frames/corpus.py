"""The frames of the corpus: the survivors of dedup and of decontamination, and what was removed for which of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import CONTAMINATION, DEDUP, HELD_OUT, REMOVALS, SURVIVORS, TRAIN
from pipelines.held_out import HeldOut
from pipelines.store import Draft
from quality.validation.frames.counts import (
    Row,
    descends,
    flow_counts,
    found,
    is_blank,
    is_malformed,
    one_row,
    repeats,
    total,
)

IDS_AT_ONCE = 1 << 16


def dedup_statistics(draft: Draft) -> pa.Table:
    """One row on the survivors of dedup and the removals that name them."""
    survivors = pq.read_table(draft.folder / SURVIVORS)
    ids = survivors["id"]
    named = pq.read_table(draft.folder / REMOVALS, columns=["survivor_id"])["survivor_id"]
    no_place = pc.equal(pc.list_value_length(survivors["places"]), 0)
    return one_row(
        {
            **survivor_counts(survivors),
            "num_removals": len(named),
            **found("removals_without_survivor", named, pc.invert(pc.is_in(named, ids.combine_chunks()))),
            **found("malformed_ids", ids, is_malformed(ids)),
            **found("without_licence", ids, is_blank(survivors["licence"])),
            **found("without_places", ids, no_place),
            **found("wrong_splits", ids, is_of_other_split(survivors, draft.parameters)),
            **flow_counts(draft),
        }
    )


def contamination_statistics(draft: Draft) -> pa.Table:
    """One row on the survivors that contain nothing of evaluations, and on the hits of those that do."""
    survivors = pq.read_table(draft.folder / SURVIVORS, columns=["id", "split", "num_bytes"])
    ids = survivors["id"]
    hits = pq.read_table(draft.folder / CONTAMINATION)
    return one_row(
        {
            **survivor_counts(survivors),
            "num_documents_hit": pc.count_distinct(hits["id"]).as_py(),
            **found("contaminated_survivors", ids, pc.is_in(ids, hits["id"].combine_chunks())),
            **found("hits_without_record", hits["id"], is_blank(hits["record"])),
            **found("changed_since_dedup", ids, pc.invert(are_in_dedup(survivors, draft))),
            **flow_counts(draft),
        }
    )


def survivor_counts(survivors: pa.Table) -> Row:
    """What both tables of survivors are held against; that each id is there once keeps the splits disjoint."""
    ids = survivors["id"]
    return {
        "num_survivors": len(survivors),
        "num_bytes": total(survivors["num_bytes"]),
        **found("duplicate_ids", ids, repeats(ids)),
        **found("ids_out_of_order", ids, descends(ids)),
        **found("unknown_splits", ids, pc.invert(pc.is_in(survivors["split"], pa.array([TRAIN, HELD_OUT])))),
    }


def is_of_other_split(survivors: pa.Table, parameters: Mapping[str, Any]) -> pa.ChunkedArray:
    """Whether each survivor's split is not the one that its id and domain decide."""
    declared = HeldOut.model_validate(parameters["held_out"])
    chunks = []
    for batch in survivors.select(["id", "domain", "split"]).to_batches(IDS_AT_ONCE):
        domains, held_out = np.array(batch["domain"].to_pylist(), object), np.zeros(len(batch), np.bool_)
        ids = np.array(batch["id"].to_pylist(), object)
        for domain in np.unique(domains).tolist():
            held_out[domains == domain] = declared.split(ids[domains == domain].tolist(), domain)
        chunks.append(pc.not_equal(pc.equal(batch["split"], HELD_OUT), pa.array(held_out)))
    return pa.chunked_array(chunks, pa.bool_())


def are_in_dedup(survivors: pa.Table, draft: Draft) -> pa.ChunkedArray:
    """Whether each row is a survivor of dedup with the same split."""
    before = pq.read_table(dedup_folder(draft) / SURVIVORS, columns=["id", "split"])
    place = pc.index_in(survivors["id"], before["id"].combine_chunks())
    return pc.fill_null(pc.equal(before["split"].take(place), survivors["split"]), False)


def dedup_folder(draft: Draft) -> Path:
    (dedup,) = (parent for parent in draft.parents if parent.asset == DEDUP)
    return dedup.folder
