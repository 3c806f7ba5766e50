"""What chance alone does to shares of few documents, so that nothing is made of it."""

import math

# One change in a thousand that is nothing but chance goes beyond this, in standard deviations of a normal variable.
Z = 3.09
LARGEST = 1 - 1e-9  # correlation that has an inverse hyperbolic tangent


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


def largest_correlation(correlation: float, num_documents: int) -> float:
    """How large the rank correlation of all documents may be where that of a few is as given: tanh(artanh(r) + z σ).

    The transformation is Fisher's (1921, "On the probable error of a coefficient of correlation"), σ² = 1.06 / (n - 3)
    its variance for ranks (Fieller, Hartley and Pearson 1957, "Tests for rank correlation coefficients").
    """
    if num_documents <= 3:
        return 1.0
    inside = min(max(correlation, -LARGEST), LARGEST)
    return math.tanh(math.atanh(inside) + Z * math.sqrt(1.06 / (num_documents - 3)))
