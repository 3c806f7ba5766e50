"""The section on duplicates: how alike they are, how large their clusters, and between which sources."""

from collections.abc import Iterator, Mapping, Sequence

from pipelines.funnel.plot import KINDS
from pipelines.store import Artifact
from quality.report.artifacts import CorpusArtifacts
from quality.report.excerpts import DRAW, excerpt
from quality.report.figures import Columns, Excerpts, Figure, Table, bars_of
from quality.report.page import Section
from quality.report.removals import Removals
from quality.report.units import count, counted, percent
from quality.samples.duplicates import largest_clusters
from quality.samples.inspected import Inspected
from quality.samples.sample import Cluster, Sample

MOST_PAIRS = 30
COLOUR = KINDS["near duplicates"]
EXPLAINS = (
    "A cluster is a survivor and the records that were removed for it. The likeness of two texts is the Jaccard "
    "similarity of their sets of word shingles: 1 where both have the same ones."
)


def duplicates_section(artifacts: CorpusArtifacts) -> Section:
    """What dedup removed."""
    dedup = artifacts.corpus.dedup
    removals = Removals(dedup)
    figures: list[Figure] = [
        columns("Near duplicates, by likeness to their survivor", "Jaccard similarity, from", removals.similarity),
        columns("Clusters, by records removed for one survivor", "records removed", removals.sizes),
        pairs_table(removals.pairs),
        *clusters(artifacts.inspected),
    ]
    return Section("duplicates", "Duplicates", in_words(dedup, removals), figures, EXPLAINS)


def in_words(dedup: Artifact, removals: Removals) -> str:
    documents = dedup.record.flows["documents"]
    num_removed = documents.num_in - documents.num_kept
    if num_removed == 0:
        return "No document repeats another."
    share = percent(num_removed, documents.num_in)
    return (
        f"{count(num_removed)} of {counted(documents.num_in, 'document')} ({share}) repeat another and were removed; "
        f"they are in {counted(removals.num_clusters, 'cluster')}, the largest of "
        f"{counted(removals.largest + 1, 'record')}."
    )


def columns(title: str, axis: str, numbers: Mapping[str, int]) -> Columns:
    return Columns(title, axis, bars_of(numbers, count, lambda _: COLOUR))


def pairs_table(pairs: Mapping[tuple[str, str, str], int]) -> Table:
    """Between which sources the most records repeat each other."""
    most = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:MOST_PAIRS]
    rows = [[source, survivor, reason, count(number)] for (source, survivor, reason), number in most]
    return Table("Between which sources", ("removed from", "survives in", "reason"), ("records",), rows)


def clusters(inspected: Inspected) -> Iterator[Excerpts]:
    """The largest clusters of each domain that has any: the survivor, then some of what was removed for it."""
    for domain in inspected.domains:
        found = largest_clusters(inspected, domain, DRAW)
        excerpts = [
            excerpt(sample, f"cluster {number}, {role}")
            for number, cluster in enumerate(found.clusters, 1)
            for role, samples in roles(cluster).items()
            for sample in samples
        ]
        if excerpts:
            words = f"{count(len(found.clusters))} of {count(found.num_clusters)}"
            yield Excerpts(f"{domain}: the largest clusters", words, excerpts)


def roles(cluster: Cluster) -> dict[str, Sequence[Sample]]:
    """The survivor of a cluster and some of the removed records, by what each of them is."""
    num_removed = count(cluster.removed.num_candidates)
    return {f"survivor of {num_removed} removed": [cluster.survivor], "removed": cluster.removed.samples}
