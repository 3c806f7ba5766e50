"""How much two scores agree on the order of documents."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quality.arrays import Floats


def spearman(first: Floats, second: Floats) -> float | None:
    """Spearman's rank correlation of the documents that both score: Pearson's of the ranks, ties at their mean rank.

    None where it has no value: fewer than two documents, or one score for all.
    """
    by_both = ~(np.isnan(first) | np.isnan(second))
    of_first, of_second = mean_ranks(first[by_both]), mean_ranks(second[by_both])
    if min(len(np.unique(of_first)), len(np.unique(of_second))) < 2:
        return None
    return float(np.corrcoef(of_first, of_second)[0, 1])


def mean_ranks(values: Floats) -> npt.NDArray[np.float64]:
    """The ranks of n values, 1 to n, those of equal ones averaged; shape (n,)."""
    lowest, highest = (pc.rank(pa.array(values), tiebreaker=tiebreaker).to_numpy() for tiebreaker in ("min", "max"))
    return (lowest + highest).astype(np.float64) / 2
