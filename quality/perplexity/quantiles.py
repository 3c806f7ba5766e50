"""The quadrants that weighted quantiles of perplexity and of perplexity difference cut."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quality.arrays import Bools, Floats, Strings
from quality.perplexity.declaration import QuadrantsDeclaration
from quality.quantiles import Threshold, threshold_at

# In the order of the stages of arXiv:2502.05551.
QUADRANT_NAMES = ("high_ppl_low_pd", "high_ppl_high_pd", "low_ppl_low_pd", "low_ppl_high_pd")


@dataclass(frozen=True)
class Cut:
    """The thresholds of one stratum. The two of PD are equal in a marginal split."""

    nll: Threshold
    pd_of_low_ppl: Threshold
    pd_of_high_ppl: Threshold

    def quadrants(self, nll: Floats, pd: Floats, ids: Strings) -> npt.NDArray[np.intp]:
        """The position in QUADRANT_NAMES of each document, shape (n,)."""
        high_ppl = self.nll.is_high(nll, ids)
        high_pd = np.where(high_ppl, self.pd_of_high_ppl.is_high(pd, ids), self.pd_of_low_ppl.is_high(pd, ids))
        return 2 * (~high_ppl) + high_pd


def cut_at_quantiles(
    declaration: QuadrantsDeclaration, nll: Floats, pd: Floats, ids: Strings, num_tokens: npt.NDArray[np.integer]
) -> Cut:
    """The thresholds of a stratum's documents; arrays have shape (n,), n at least 1.

    The quantile of perplexity is taken of its logarithm ``nll``, which has the same order.
    """
    weights = num_tokens if declaration.weight == "tokens" else np.ones_like(num_tokens)

    def pd_threshold(members: Bools) -> Threshold:
        return threshold_at(pd[members], ids[members], weights[members], declaration.pd_quantile)

    of_nll = threshold_at(nll, ids, weights, declaration.perplexity_quantile)
    of_pd = pd_threshold(np.ones(len(ids), bool))
    high_ppl = of_nll.is_high(nll, ids)
    if declaration.split == "marginal" or high_ppl.all():  # a stratum of one document has no low half to cut
        return Cut(of_nll, of_pd, of_pd)
    return Cut(of_nll, pd_threshold(~high_ppl), pd_threshold(high_ppl))
