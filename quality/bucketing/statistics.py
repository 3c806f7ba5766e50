"""What is expected of thresholds and of buckets is held against: counts over the artifact's file and its facts."""

from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import BUCKETS
from pipelines.store import Draft
from quality.bucketing.levels import NUM_LEVELS, POOLED
from quality.bucketing.thresholds import THRESHOLDS
from quality.validation.frames.counts import (
    Column,
    descends,
    differs,
    flow_counts,
    found,
    num_true,
    one_row,
    repeats,
    total,
)


def threshold_statistics(draft: Draft) -> pa.Table:
    """One row on thresholds: each scorer's strata against the levels that they must have, in the order of scores."""
    table = pq.read_table(draft.folder / THRESHOLDS)
    strata = table.group_by(["scorer", "stratum"], use_threads=False).aggregate([("level", "list"), ("score", "list")])
    levels = strata["level_list"].to_pylist()
    scores = strata["score_list"].to_pylist()
    pooled = strata.filter(pc.equal(strata["stratum"], POOLED))["scorer"].to_pylist()
    scorers = draft.facts["scorers"]
    return one_row(
        {
            "num_thresholds": len(table),
            "num_strata": len(strata),
            "num_incomplete_strata": sum(of != list(range(1, NUM_LEVELS)) for of in levels),
            "num_falling_strata": sum(bool((np.diff(of) < 0).any()) for of in scores),
            "num_impossible_scores": num_true(pc.invert(pc.is_finite(table["score"]))),
            "num_scorers_without_pooled": len(set(scorers) - set(pooled)),
            "num_unknown_scorers": len(set(table["scorer"].to_pylist()) - set(scorers)),
            "num_documents": draft.facts["num_documents"],
            "num_documents_in_levels": sum(draft.facts["levels"]["num_documents"]),
            "num_tokens": draft.facts["num_tokens"],
            "num_tokens_in_levels": sum(draft.facts["levels"]["num_tokens"]),
            **flow_counts(draft),
        }
    )


def bucket_statistics(draft: Draft) -> pa.Table:
    """One row on buckets: levels against scorers' levels, buckets against levels, excused rules against buckets."""
    table = pq.read_table(draft.folder / BUCKETS)
    ids = table["id"]
    is_placed = table["bucket"].is_valid()
    of_scorers = [table[f"level_{scorer}"] for scorer in draft.facts["scorers"]]
    return one_row(
        {
            "num_documents": len(table),
            "num_bytes": total(table["num_bytes"]),
            "num_placed": num_true(is_placed),
            "num_placed_bytes": total(table["num_bytes"].filter(is_placed)),
            **found("duplicate_ids", ids, repeats(ids)),
            **found("ids_out_of_order", ids, descends(ids)),
            **found("levels_out_of_range", ids, is_any([is_out_of_range(of) for of in (table["level"], *of_scorers)])),
            **found("levels_not_maximum", ids, differs(table["level"], pc.max_element_wise(*of_scorers))),
            **found("scores_without_level", ids, is_any(half_scored(table, draft.facts["scorers"]))),
            **found("without_bucket_or_reason", ids, pc.equal(is_placed, table["reason"].is_valid())),
            **found("wrong_buckets", ids, pc.and_(is_placed, differs(table["bucket"], buckets_of(table, draft)))),
            "num_excused_elsewhere": num_excused_elsewhere(draft),
            "num_empty_buckets": sum(size["num_documents"] == 0 for size in draft.facts["buckets"].values()),
            "population_stability_index": draft.facts["population_stability_index"],
            **flow_counts(draft),
        }
    )


def is_any(columns: list[Column]) -> Column:
    """Whether any of some columns is true, null counting as false."""
    return pa.array(np.any([np.asarray(pc.fill_null(column, False)) for column in columns], axis=0))


def is_out_of_range(levels: Column) -> Column:
    return pc.or_(pc.less(levels, 0), pc.greater_equal(levels, NUM_LEVELS))


def half_scored(table: pa.Table, scorers: list[str]) -> list[Column]:
    """Of each scorer, which rows have a score but no level, or the other way round."""
    return [
        pc.not_equal(table[f"score_{scorer}"].is_valid(), table[f"level_{scorer}"].is_valid()) for scorer in scorers
    ]


def buckets_of(table: pa.Table, draft: Draft) -> Column:
    """The bucket that each row's level gives; null where there is no level or it is below all buckets."""
    bounds = sorted((level, bucket) for bucket, level in draft.facts["min_levels"].items())
    names = pa.array([bucket for _, bucket in bounds])
    places = np.searchsorted([level for level, _ in bounds], table["level"].fill_null(-1).to_numpy(), side="right") - 1
    return names.take(pa.array(places, mask=places < 0))


def num_excused_elsewhere(draft: Draft) -> int:
    """How many documents stay though they break a rule that their bucket does not do without."""
    excusing = draft.facts["without_rules"]
    return sum(
        size["num_documents"]
        for rule, sizes in draft.facts["excused"].items()
        for bucket, size in sizes.items()
        if not any(fnmatchcase(rule, pattern) for pattern in excusing[bucket])
    )
