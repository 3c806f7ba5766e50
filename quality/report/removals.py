"""What dedup removed, counted for the page and for the plot on its asset's page."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import dataset

from pipelines.corpus import REMOVALS
from pipelines.dedup.tables import reasons
from pipelines.store import Artifact

REASON = "reason"
NEAR = ("near_duplicate", "near_duplicate_of_held_out")
SIZES = {"1": 1, "2": 2, "3–4": 3, "5–9": 5, "10–99": 10, "100+": 100}  # of clusters, from
NUM_BINS = 15


class Removals:
    """What the table of removed records holds, counted a batch at a time.

    Attributes:
        similarity: near duplicates by their Jaccard similarity to the survivor, by the lower bound of each bin.
        pairs: removed records by their source, the survivor's source, and reason.
        sizes: clusters by the records that were removed for one survivor.
        num_clusters: how many there are.
        largest: how many records were removed for one survivor at most.
    """

    def __init__(self, dedup: Artifact) -> None:
        bounds = np.linspace(dedup.record.parameters["threshold"], 1, NUM_BINS + 1)
        near = np.zeros(NUM_BINS, np.int64)
        self.pairs: Counter[tuple[str, str, str]] = Counter()
        found = dataset.dataset(dedup.folder / REMOVALS)
        for batch in found.to_batches(columns=["source", "survivor_source", "survivor_split", "step", "similarity"]):
            rows = pa.table(batch)
            rows = rows.append_column(REASON, reasons(rows))
            near += histogram_of_near(rows, bounds)
            self._add_pairs(rows)
        self.similarity = {f"{start:.2f}": number for start, number in zip(bounds, near.tolist(), strict=False)}
        survivors = found.to_table(columns=["survivor_id"])["survivor_id"]
        sizes = pc.value_counts(survivors).field("counts").to_numpy(zero_copy_only=False)
        self.sizes = dict(zip(SIZES, np.histogram(sizes, [*SIZES.values(), np.inf])[0].tolist(), strict=True))
        self.num_clusters = len(sizes)
        self.largest = int(sizes.max(initial=0))

    def _add_pairs(self, rows: pa.Table) -> None:
        keys = ["source", "survivor_source", REASON]
        for row in rows.group_by(keys).aggregate([([], "count_all")]).to_pylist():
            self.pairs[row["source"], row["survivor_source"], row[REASON]] += row["count_all"]


def histogram_of_near(rows: pa.Table, bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The near duplicates in each bin of similarity, shape (num_bounds - 1,)."""
    near = rows.filter(pc.is_in(rows[REASON], pa.array(NEAR)))
    return np.histogram(near["similarity"].to_numpy(), bounds)[0]
