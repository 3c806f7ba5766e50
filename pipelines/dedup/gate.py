"""The gate after dedup: a source that loses more than its declared share stops everything downstream."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines.dedup.facts import HELD, TRAINED
from pipelines.dedup.parameters import DedupParameters
from pipelines.record import Check

REMOVED_SHARE = "removed_share"  # the check's name
NUM_SHOWN = 3


def check_removed_share(
    by_source: Mapping[str, Mapping[str, int]],
    parameters: DedupParameters,
    clusters_of: Callable[[str], Sequence[Mapping[str, Any]]],
) -> Check:
    """Whether every source keeps enough; the detail names each that does not, its share, its bound and its clusters.

    Args:
        by_source: of each source its documents that came in, survived, and were removed, as in the record's facts.
        clusters_of: the largest clusters of a source's removed documents.
    """
    faults = []
    for source, row in by_source.items():
        num_removed = row["num_in"] - row.get(TRAINED, 0) - row.get(HELD, 0)
        bound = parameters.max_removed_share_by_source.get(source, parameters.max_removed_share)
        if num_removed > bound * row["num_in"]:
            lost = f"{num_removed / row['num_in']:.1%} of {row['num_in']:,} documents"
            clusters = describe(clusters_of(source)[:NUM_SHOWN])
            faults.append(f"{source} loses {lost}, more than {bound:.0%}; the largest clusters: {clusters}")
    return Check(name=REMOVED_SHARE, passed=not faults, detail="; ".join(faults))


def describe(clusters: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{cluster['num_removed']:,} for {cluster['survivor_id']} of {cluster['survivor_source']} "
        f"({' '.join(cluster['excerpt'].split())!r})"
        for cluster in clusters
    )
