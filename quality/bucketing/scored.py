"""Scored documents of a domain: percentiles in each stratum, buckets, and what they hold."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.corpus import TRAIN
from quality.bucketing.buckets import bucket_indices, byte_percentiles
from quality.classifier.declaration import ClassifierDeclaration
from quality.classifier.plots import plot_buckets

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),  # probability of the positive class
        pa.field("percentile", pa.float32(), nullable=False),  # of the training bytes in the same stratum, 0 to 100
        pa.field("bucket", pa.string(), nullable=False),
    ]
)


class Scored:
    """The scored documents of a domain, in strata and buckets.

    Args:
        rows: survivors of the domain, with columns id, language, num_bytes, split; sorted by id.
        scores: shape (len(rows),).
    """

    def __init__(self, declaration: ClassifierDeclaration, rows: pa.Table, scores: npt.NDArray[np.float32]) -> None:
        self.declaration = declaration
        self.ids: list[str] = rows["id"].to_pylist()
        self.num_bytes = rows["num_bytes"].to_numpy()
        self.in_training = np.array([split == TRAIN for split in rows["split"].to_pylist()])
        stratify_by = declaration.stratify_by
        self.strata = np.array(rows[stratify_by].to_pylist() if stratify_by else ["all"] * len(rows))
        self.scores = scores
        self.percentiles = np.empty(len(rows))
        for stratum in self.strata_by_bytes:
            members = np.flatnonzero(self.strata == stratum)
            self.percentiles[members] = byte_percentiles(
                scores[members],
                [self.ids[member] for member in members],
                self.num_bytes[members],
                self.in_training[members],
            )
        self.buckets = np.array(declaration.bucket_names)[bucket_indices(self.percentiles, declaration.buckets)]

    @cached_property
    def strata_by_bytes(self) -> list[str]:
        """The strata, that with the most training bytes first."""
        names, stratum = np.unique(self.strata, return_inverse=True)
        sizes = np.bincount(stratum, weights=self.num_bytes * self.in_training)
        return [str(names[index]) for index in np.lexsort((names, -sizes))]

    def members(self, stratum: str, bucket: str) -> npt.NDArray[np.bool_]:
        """Which documents of the training split are in a stratum's bucket, shape (n,)."""
        return self.in_training & (self.strata == stratum) & (self.buckets == bucket)

    def table(self) -> pa.Table:
        columns = [self.ids, self.scores, self.percentiles.astype(np.float32), self.buckets.tolist()]
        return pa.table(dict(zip(SCHEMA.names, columns, strict=True)), schema=SCHEMA)

    def thresholds(self, stratum: str) -> dict[str, float]:
        """The least score of each bucket of a stratum that holds training documents."""
        members = {bucket: self.members(stratum, bucket) for bucket in self.declaration.bucket_names}
        return {bucket: float(self.scores[of].min()) for bucket, of in members.items() if of.any()}

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Documents and bytes of the training split by stratum and bucket."""
        return {
            stratum: {
                bucket: {"num_documents": int(of.sum()), "num_bytes": int(self.num_bytes[of].sum())}
                for bucket in self.declaration.bucket_names
                for of in [self.members(stratum, bucket)]
            }
            for stratum in self.strata_by_bytes
        }

    def facts(self) -> dict[str, Any]:
        counts = self.counts()
        totals = {
            bucket: {
                unit: sum(strata[bucket][unit] for strata in counts.values()) for unit in ("num_documents", "num_bytes")
            }
            for bucket in self.declaration.bucket_names
        }
        return {
            "domain": self.declaration.domain,
            "num_held_out_documents": int((~self.in_training).sum()),
            "buckets": totals,
            f"buckets_by_{self.declaration.stratify_by or 'stratum'}": counts,
            "thresholds": {stratum: self.thresholds(stratum) for stratum in self.strata_by_bytes},
        }

    def plot(self, path: Path) -> None:
        """Plot the stratum with the most training bytes: thresholds differ between strata."""
        stratum = self.strata_by_bytes[0]
        members = {bucket: self.members(stratum, bucket) for bucket in self.declaration.bucket_names}
        plot_buckets(
            path,
            f"{self.declaration.domain}: {stratum}",
            {bucket: self.num_bytes[of] for bucket, of in members.items()},
            {bucket: self.scores[of] for bucket, of in members.items()},
            self.thresholds(stratum),
        )

    def describe(self) -> str:
        sizes = self.facts()["buckets"]
        return ", ".join(
            f"{name} {size['num_documents']:,} documents, {size['num_bytes'] / 1e6:.2f} MB"
            for name, size in sizes.items()
        )
