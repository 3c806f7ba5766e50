"""What chance alone does to shares of few documents, so that nothing is made of it."""

import math

# One change in a thousand that is nothing but chance goes beyond this, in standard deviations of a normal variable.
Z = 3.09


def largest_change_of_share(share: float, num_before: int, num_after: int) -> float:
    """How far the share of one class may differ by chance between two samples: z √(p (1 - p) (1/n + 1/m)).

    It is the bound of the test of two proportions with a common ``share`` p.
    """
    return Z * math.sqrt(share * (1 - share) * (1 / num_before + 1 / num_after))


def largest_stability_index(num_classes: int, num_before: int, num_after: int) -> float:
    """How large a population stability index may be by chance: χ²(B - 1) (1/n + 1/m), at the quantile of Z.

    The index of two samples of one population is distributed so (Yurdakul and Naranjo 2020, "Statistical properties of
    the population stability index"). The quantile is that of Wilson and Hilferty's approximation (1931, "The
    distribution of chi-square").
    """
    freedom = num_classes - 1
    if freedom == 0:
        return 0.0
    variance = 2 / (9 * freedom)
    chi_square = freedom * (1 - variance + Z * math.sqrt(variance)) ** 3
    return chi_square * (1 / num_before + 1 / num_after)
