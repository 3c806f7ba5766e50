"""Clusters of duplicates: a survivor and what dedup removed for it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.corpus import REMOVALS
from pipelines.dedup.tables import reasons
from pipelines.errors import PhaselineError
from quality.samples.dropped import DEDUP, PLACE
from quality.samples.inspected import Inspected
from quality.samples.rejected import in_language, samples_of
from quality.samples.rows import Candidates, batches, draw_rows, rows_with
from quality.samples.sample import Cluster, Clusters, Draw, Drawn
from quality.samples.texts import survivor_samples


def largest_clusters(inspected: Inspected, domain: str, draw: Draw, num_removed: int = 2) -> Clusters:
    """The clusters that took the most records of a domain, or of the draw's source and language.

    Args:
        draw: how many clusters; its seed decides which of the removed records are shown.
        num_removed: how many removed records of each cluster are shown.

    Raises:
        PhaselineError: a name is none.
    """
    survivors = pa.concat_tables(rows.select(["survivor_id"]) for rows in removals_of(inspected, domain, draw))
    sizes = survivors.group_by("survivor_id").aggregate([([], "count_all")])
    largest = sizes.sort_by([("count_all", "descending"), ("survivor_id", "ascending")]).slice(0, draw.num_samples)
    shown = replace(draw, num_samples=num_removed)
    clusters = [
        cluster(inspected, survivor, removals_of(inspected, domain, draw), shown)
        for survivor in largest["survivor_id"].to_pylist()
    ]
    return Clusters(len(sizes), len(survivors), clusters)


def cluster_of(inspected: Inspected, document: str, draw: Draw) -> Cluster:
    """The cluster of a document, be it the survivor or removed; which of the removed records are shown is drawn.

    Raises:
        PhaselineError: dedup removed neither the document nor any record for it.
    """
    files = inspected.corpus.dedup.files(f"{REMOVALS}/*")
    own = rows_with(files, "id", [document], ["survivor_id"])
    if not own and not rows_with(files, "survivor_id", [document], ["id"]):
        raise PhaselineError(
            f"{inspected.corpus.dedup.name} removed neither document {document} nor any record for it",
            "check the id, or name none to see the largest clusters",
        )
    survivor = own[0]["survivor_id"] if own else document
    return cluster(inspected, survivor, removals(inspected), draw)


def cluster(inspected: Inspected, survivor: str, removed: Iterable[pa.Table], draw: Draw) -> Cluster:
    """A survivor with some of the records that were removed for it."""
    candidates = Candidates(removed, pc.field("survivor_id") == survivor)
    drawn = draw_rows(candidates, draw.num_samples, draw.seed)
    samples = samples_of(inspected, DEDUP, drawn.rows, draw.max_characters)
    (sample,) = survivor_samples(inspected, [survivor], draw.max_characters)
    return Cluster(sample, Drawn(drawn.num_candidates, candidates.num_rows, samples))


def removals_of(inspected: Inspected, domain: str, draw: Draw) -> Iterator[pa.Table]:
    """The removed records of a domain that are of the source and in the language that a draw asks for."""
    sources = inspected.sources_of(domain, draw.source)
    rows = (batch.filter(pc.field("source").isin(sources)) for batch in removals(inspected))
    return rows if draw.language is None else in_language(inspected, domain, draw.source, draw.language, rows)


def removals(inspected: Inspected) -> Iterator[pa.Table]:
    """What dedup removed: id, place, reason and survivor_id."""
    columns = ["id", *PLACE, "step", "survivor_id", "survivor_split"]
    for rows in batches(inspected.corpus.dedup.files(f"{REMOVALS}/*"), columns):
        yield rows.append_column("reason", reasons(rows))
