"""How good documents are: the histogram of their levels, or of their scores."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from pydantic import Field

from pipelines.declared import Declared
from quality.ratchet.measured import Measured, Verdict
from quality.ratchet.mix import Mix, compare_mixes
from quality.scoring.table import SCORE_FILES

LEVELS = "share_of_bytes_by_level"  # a fact of buckets
QUANTILES = "score_quantiles"  # a fact of scores
YARDSTICKS = ("classifiers/", "thresholds/")  # of what was fitted, by which a document is scored or has its level


class ScoresBound(Declared):
    """How large the population stability index of the levels or scores may be."""

    max_stability_index: Annotated[float, Field(gt=0)]

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold the histogram against what it was. What was fitted again on purpose is another yardstick."""
        if changed := sorted(yardsticks(before).items() ^ yardsticks(after).items()):
            return Verdict(True, f"is measured by another {changed[0][0]}, so that its scores may be any")
        histogram = levels if LEVELS in after.facts else scores
        return compare_mixes("scores", *histogram(before, after), self.max_stability_index)


def yardsticks(of: Measured) -> dict[str, str]:
    """The digests of what it is measured by."""
    return {asset: digest for asset, digest in of.parents.items() if asset.startswith(YARDSTICKS)}


def levels(before: Measured, after: Measured) -> tuple[Mix | None, Mix | None]:
    """The bytes at each level, by their shares."""
    old, new = (
        Mix({f"level {level}": share for level, share in enumerate(of.facts[LEVELS])}, "bytes", of.num_documents)
        if LEVELS in of.facts
        else None
        for of in (before, after)
    )
    return old, new


def scores(before: Measured, after: Measured) -> tuple[Mix | None, Mix | None]:
    """The documents between the quantiles of the earlier scores, and those without a score, counted in the files."""
    cuts = np.unique(np.array(list(before.facts.get(QUANTILES, {}).values()), np.float32))
    old, new = (counted(of.folder, cuts) if QUANTILES in of.facts else None for of in (before, after))
    return old, new


def counted(folder: Path, cuts: npt.NDArray[np.float32]) -> Mix:
    """The documents between ascending cuts, shape (n,); read a batch of scores at a time."""
    edges = ["-∞", *map(str, cuts), "∞"]
    names = [f"scores from {low} to {high}" for low, high in pairwise(edges)]
    amounts = np.zeros(len(names), np.int64)
    num_without = 0
    for path in sorted(folder.glob(SCORE_FILES)):
        for batch in pq.ParquetFile(path).iter_batches(columns=["score"]):
            values = batch["score"].drop_null().to_numpy()
            amounts += np.bincount(np.searchsorted(cuts, values, side="right"), minlength=len(names))
            num_without += batch.num_rows - len(values)
    by_name = dict(zip(names, amounts.tolist(), strict=True)) | {"no score": num_without}
    return Mix(by_name, "documents", int(amounts.sum()) + num_without)
