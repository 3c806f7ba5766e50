"""Hashes of words and of sequences of words, for kernels.

A word's hash is FNV-1a over its letters, a sequence's a polynomial in the hashes of its words, and both are mixed.
Equal things have equal hashes; that two unequal of n things share one has a probability of n² / 2^65.
"""

from typing import Any

import numba
import numpy as np

FNV_BASIS = np.uint64(0xCBF29CE484222325)
FNV_PRIME = np.uint64(0x00000100000001B3)
BASE = np.uint64(0x9E3779B97F4A7C15)  # of the polynomials
MIX = np.uint64(0xD6E8FEB86659FD93)
HALF = np.uint64(32)


@numba.njit(inline="always")
def mix(value: Any) -> Any:
    """Spread 64 bits over 64 bits, one to one (the mixer known as degski64)."""
    value = (value ^ (value >> HALF)) * MIX
    value = (value ^ (value >> HALF)) * MIX
    return value ^ (value >> HALF)
