"""The gate after dedup: a source that loses more than its declared share stops everything downstream."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines.dedup.parameters import DedupParameters
from pipelines.record import Check

REMOVED_SHARE = "removed_share"  # the check's name
NUM_SHOWN = 3


def check_removed_share(
    losses: Mapping[str, Mapping[str, int]],
    parameters: DedupParameters,
    clusters_of: Callable[[str], Sequence[Mapping[str, Any]]],
) -> Check:
    """Whether every source keeps enough; the detail names each that does not, its share, its bound and its clusters.

    Documents that break a rule do not count: they displace no others, so that a source has the same share with and
    without them.

    Args:
        losses: of each source its documents within the rules that came in and were removed.
        clusters_of: the largest clusters of the removed ones of a source.
    """
    faults = []
    for source, row in losses.items():
        num_in, num_removed = row["num_in"], row["num_removed"]
        bound = parameters.max_removed_share_by_source.get(source, parameters.max_removed_share)
        if num_removed > bound * num_in:
            lost = f"{num_removed / num_in:.1%} of {num_in:,} documents within the rules"
            clusters = describe(clusters_of(source)[:NUM_SHOWN])
            faults.append(f"{source} loses {lost}, more than {bound:.0%}; the largest clusters: {clusters}")
    return Check(name=REMOVED_SHARE, passed=not faults, detail="; ".join(faults))


def describe(clusters: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{cluster['num_removed']:,} for {cluster['survivor_id']} of {cluster['survivor_source']} "
        f"({' '.join(cluster['excerpt'].split())!r})"
        for cluster in clusters
    )
