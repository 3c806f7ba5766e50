"""What the buckets of a domain hold, and how far its documents have moved from those that levels were fitted to."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.errors import PhaselineError
from quality.arrays import Bools, Strings
from quality.bucketing.assign import Assigned
from quality.bucketing.levels import Levels
from quality.bucketing.scored import by_level, column, size
from quality.population_stability import population_stability_index

Sizes = dict[str, dict[str, int]]


def holdings(assigned: Assigned) -> dict[str, Any]:
    """Documents and bytes by bucket, of all and by language and source; of the excused by rule; bytes by level."""
    rows, num_bytes = assigned.scored.rows, assigned.scored.num_bytes
    of_levels = by_level(assigned.maximum[assigned.is_placed], num_bytes[assigned.is_placed])
    total = sum(of_levels)
    return {
        "num_held_out_documents": int((column(rows, "split") == HELD_OUT).sum()),
        "buckets": sizes(assigned, assigned.is_placed),
        "buckets_by_language": sizes_by(assigned, column(rows, "language")),
        "buckets_by_source": sizes_by(assigned, column(rows, "source")),
        "excused": excused(assigned),
        "share_of_bytes_by_level": [num_bytes / total if total else 0.0 for num_bytes in of_levels],
        "without_score": assigned.scored.without_score(),
        "min_levels": {bucket.name: bucket.min_level for bucket in assigned.buckets},
        "without_rules": {bucket.name: list(bucket.without_rules) for bucket in assigned.buckets},
    }


def sizes(assigned: Assigned, of: Bools) -> Sizes:
    """Documents and bytes by bucket, among some documents."""
    num_bytes = assigned.scored.num_bytes
    return {bucket: size(members & of, num_bytes=num_bytes) for bucket, members in assigned.members.items()}


def sizes_by(assigned: Assigned, values: Strings) -> dict[str, Sizes]:
    """Documents and bytes by the value of each document and bucket."""
    return {value: sizes(assigned, values == value) for value in np.unique(values[assigned.is_placed]).tolist()}


def excused(assigned: Assigned) -> dict[str, Sizes]:
    """Documents and bytes of those that break a rule and stay, by rule and bucket; buckets without any left out."""
    rules = assigned.broken_rules
    return {
        rule: {bucket: amount for bucket, amount in sizes(assigned, rules == rule).items() if amount["num_documents"]}
        for rule in np.unique(rules[assigned.is_excused]).tolist()
    }


def stability(assigned: Assigned, fitted: Mapping[str, Any]) -> dict[str, Any]:
    """The population stability index of bytes by level, of the maximum and of each scorer.

    It compares like with like: documents of the training split that break no rule, now and when thresholds were fitted.

    Args:
        fitted: the facts of the thresholds.

    Raises:
        PhaselineError: there is no such document.
    """
    is_alike = (column(assigned.scored.rows, "split") == TRAIN) & (assigned.broken_rules == "")

    def index_of(levels: Levels, expected: Mapping[str, list[int]]) -> float:
        actual = by_level(levels[is_alike], assigned.scored.num_bytes[is_alike])
        if not any(actual):
            raise PhaselineError(
                "no training document within the rules has a score, so levels cannot be compared with their fit",
                "add a source to the domain, or remove its buckets' declaration",
            )
        return population_stability_index(expected["num_bytes"], actual)

    return {
        "population_stability_index": index_of(assigned.maximum, fitted["levels"]),
        "population_stability_index_by_scorer": {
            scorer: index_of(levels, fitted["levels_by_scorer"][scorer]) for scorer, levels in assigned.levels.items()
        },
    }
