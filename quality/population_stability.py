"""The population stability index: how far the shares of classes have moved from what they were."""

from collections.abc import Sequence

import numpy as np

MIN_SHARE = 1e-4  # of an empty class, for which the index has no value


def population_stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """PSI = Σ (a - e) ln(a / e) over the shares e and a of each class: 0 for equal shares, and never negative.

    Formula and reading are those of credit scoring (R package scorecard, ``perf_psi``; Yurdakul and Naranjo 2020,
    "Statistical properties of the population stability index"): below 0.1 no change to speak of, from 0.1 a minor one,
    above 0.25 a major shift of the population.

    Args:
        expected: the amount in each class at first; one at least is positive.
        actual: the amount in each of the same classes now; one at least is positive.
    """
    before, after = (np.maximum(np.array(amounts) / sum(amounts), MIN_SHARE) for amounts in (expected, actual))
    return float(np.sum((after - before) * np.log(after / before)))
