"""A table that counts 64-bit keys, by open addressing."""

from typing import Any

import numba
import numpy as np


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
