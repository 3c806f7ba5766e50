"""The section on duplicates: how alike they are, how large their clusters, and between which sources."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import dataset

from pipelines.corpus import REMOVALS
from pipelines.dedup.tables import reasons
from pipelines.store import Artifact
from quality.report.figures import Columns, Figure, Table, bars_of
from quality.report.page import Section
from quality.report.sections.funnel import COLOURS
from quality.report.units import count, counted, percent

REASON = "reason"
NEAR = ("near_duplicate", "near_duplicate_of_held_out")
SIZES = {"1": 1, "2": 2, "3–4": 3, "5–9": 5, "10–99": 10, "100 or more": 100}  # of clusters, from
NUM_BINS = 15
MOST_PAIRS = 30
COLOUR = COLOURS["near duplicates"]


def duplicates_section(dedup: Artifact) -> Section:
    """What dedup removed."""
    threshold = dedup.record.parameters["threshold"]
    removals = Removals(dedup, threshold)
    figures: list[Figure] = [
        similarity_columns(removals.similarity, threshold),
        sizes_columns(removals.sizes),
        pairs_table(removals.pairs),
        clusters_table(dedup),
    ]
    return Section("duplicates", "Duplicates", in_words(dedup, removals.sizes), figures)


class Removals:
    """What the table of removed records holds, counted a batch at a time.

    Args:
        threshold: the similarity from which a pair counts.
    """

    def __init__(self, dedup: Artifact, threshold: float) -> None:
        self.bounds = np.linspace(threshold, 1, NUM_BINS + 1)
        self.similarity: npt.NDArray[np.int64] = np.zeros(NUM_BINS, np.int64)
        self.pairs: Counter[tuple[str, str, str]] = Counter()  # by source, the survivor's source, and reason
        found = dataset.dataset(dedup.folder / REMOVALS)
        for batch in found.to_batches(columns=["source", "survivor_source", "survivor_split", "step", "similarity"]):
            self._add(pa.table(batch))
        survivors = found.to_table(columns=["survivor_id"])["survivor_id"]
        self.sizes = pc.value_counts(survivors).field("counts").to_numpy(zero_copy_only=False)  # of the clusters

    def _add(self, rows: pa.Table) -> None:
        rows = rows.append_column(REASON, reasons(rows))
        near = rows.filter(pc.is_in(rows[REASON], pa.array(NEAR)))["similarity"].to_numpy()
        self.similarity += np.histogram(near, self.bounds)[0]
        keys = ["source", "survivor_source", REASON]
        for row in rows.group_by(keys).aggregate([([], "count_all")]).to_pylist():
            self.pairs[row["source"], row["survivor_source"], row[REASON]] += row["count_all"]


def in_words(dedup: Artifact, sizes: npt.NDArray[np.int64]) -> str:
    documents = dedup.record.flows["documents"]
    num_removed = documents.num_in - documents.num_kept
    if num_removed == 0:
        return "No document repeats another."
    share = percent(num_removed, documents.num_in)
    return (
        f"{count(num_removed)} of {counted(documents.num_in, 'document')} ({share}) repeat another; they are in "
        f"{counted(len(sizes), 'cluster')}, the largest of {count(int(sizes.max()) + 1)} copies of one text."
    )


def similarity_columns(similarity: npt.NDArray[np.int64], threshold: float) -> Columns:
    starts = np.linspace(threshold, 1, NUM_BINS + 1)[:-1]
    columns = {f"{start:.2f}": number for start, number in zip(starts, similarity.tolist(), strict=True)}
    axis = "Jaccard similarity of word shingles, from"
    return Columns("Near duplicates, by likeness to their survivor", axis, bars_of(columns, count, lambda _: COLOUR))


def sizes_columns(sizes: npt.NDArray[np.int64]) -> Columns:
    bounds = [*SIZES.values(), np.iinfo(np.int64).max]
    columns = dict(zip(SIZES, np.histogram(sizes, bounds)[0].tolist(), strict=True))
    bars = bars_of(columns, count, lambda _: COLOUR)
    return Columns("Clusters, by records removed for one survivor", "records removed", bars)


def pairs_table(pairs: Mapping[tuple[str, str, str], int]) -> Table:
    """Between which sources the most records repeat each other."""
    most = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:MOST_PAIRS]
    rows = [[source, survivor, reason, count(number)] for (source, survivor, reason), number in most]
    return Table("Between which sources", ("removed from", "survives in", "reason"), ("records",), rows)


def clusters_table(dedup: Artifact) -> Table:
    clusters = dedup.record.facts["largest_clusters"]
    rows = [
        [cluster["survivor_id"], cluster["survivor_source"], cluster["excerpt"], count(cluster["num_removed"])]
        for cluster in clusters
    ]
    return Table("The largest clusters", ("survivor", "source", "begins"), ("removed",), rows)
