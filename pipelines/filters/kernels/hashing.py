"""Hashes of words and of sequences of words, and a table that counts them.

Equal things have equal hashes; that two unequal of n things share one has a probability of n² / 2^65.
"""

from typing import Any

import numba
import numpy as np

BASIS = np.uint64(0xCBF29CE484222325)  # FNV-1a, over code points
PRIME = np.uint64(0x00000100000001B3)
BASE = np.uint64(0x9E3779B97F4A7C15)  # of polynomials in the hashes of words
MIX = np.uint64(0xD6E8FEB86659FD93)
HALF = np.uint64(32)


@numba.njit(inline="always")
def mix(value: Any) -> Any:
    """Spread 64 bits over 64 bits, one to one (the mixer known as degski64)."""
    value = (value ^ (value >> HALF)) * MIX
    value = (value ^ (value >> HALF)) * MIX
    return value ^ (value >> HALF)


@numba.njit(inline="always")
def table_size(num_keys: int) -> int:
    """The slots of a table at most half full: a power of two."""
    size = 4
    while size < 2 * num_keys:
        size *= 2
    return size


@numba.njit(inline="always")
def find_slot(key: Any, keys: Any, counts: Any, size: int) -> Any:
    """The slot of a key in a table of ``size`` slots, or the free one where it belongs; a slot is free at count 0."""
    slot = np.int64(key & np.uint64(size - 1))
    while counts[slot] and keys[slot] != key:
        slot = (slot + 1) & (size - 1)
    return slot
