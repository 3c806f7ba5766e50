"""How a classifier ranks documents: one that is fitted again puts what both have judged in much the same order."""

from typing import Annotated

import pyarrow.parquet as pq
from pydantic import Field

from pipelines.declared import Declared
from quality.rank_correlation import spearman
from quality.ratchet.chance import largest_correlation
from quality.ratchet.measured import Measured, Verdict


class RankingBound(Declared):
    """How much the ranks of a classifier must agree: Spearman's correlation, between -1 and 1.

    A classifier whose labels were swapped as a whole tells its classes apart as well as before, but ranks documents the
    other way round.
    """

    min_correlation: Annotated[float, Field(gt=-1, lt=1)]

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold the scores of the documents that both were tested on against each other, as far as so few can tell."""
        from quality.classifier.step import TEST_SCORES

        old, new = (pq.read_table(of.folder / TEST_SCORES, columns=["id", "score"]) for of in (before, after))
        common = old.join(new, "id", right_suffix="_after", join_type="inner").sort_by("id")
        correlation = spearman(common["score"].to_numpy(), common["score_after"].to_numpy())
        if correlation is None:
            return Verdict(True, f"has no ranks to compare in the {len(common):,} documents that both were tested on")
        largest = largest_correlation(correlation, len(common))
        return Verdict(
            largest >= self.min_correlation,
            f"ranks the {len(common):,} documents that both were tested on with a correlation of {correlation:.2f}, "
            f"where at least {self.min_correlation:g} is declared, and {largest:.2f} may be the correlation of all",
        )
