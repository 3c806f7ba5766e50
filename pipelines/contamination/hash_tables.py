"""Whether an n-gram is among a few million: a bit tells most that are not, a hash table where the others stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

EMPTY = np.uint64(0)  # an unused slot; no hash is expected to be this one in 2**64
HALF = np.uint64(32)
BITS_PER_HASH = 16  # so that the bits of a few million hashes stay in the processor's cache
SLOTS_PER_HASH = 2


@dataclass(frozen=True)
class HashTables:
    """A table for the n-grams of each width, so that those of a few short texts are told apart in a few bytes.

    Args:
        widths: int64 [num_widths]: the words of an n-gram, ascending.
        bits: uint8: a bit for the upper half of each hash; of the bytes of a width a power of two.
        bit_starts: int64 [num_widths + 1]: where each width's bytes start in ``bits``.
        slots: uint64: the hashes by open addressing, EMPTY where there is none; of a width a power of two.
        positions: int32: where each slot's hash stands among all hashes.
        slot_starts: int64 [num_widths + 1]: where each width's slots start.
    """

    widths: NDArray[np.int64]
    bits: NDArray[np.uint8]
    bit_starts: NDArray[np.int64]
    slots: NDArray[np.uint64]
    positions: NDArray[np.int32]
    slot_starts: NDArray[np.int64]


def build_tables(hashes: NDArray[np.uint64], widths: NDArray[np.int64]) -> HashTables:
    """Tables of distinct hashes, uint64 [n], by the width of each n-gram, int64 [n]."""
    bits, slots, positions = [], [], []
    distinct = np.unique(widths)
    for width in distinct:
        of_width = np.flatnonzero(widths == width)
        is_set = np.zeros(power_of_two(BITS_PER_HASH * len(of_width)), np.bool_)
        is_set[(hashes[of_width] >> HALF) & np.uint64(len(is_set) - 1)] = True
        bits.append(np.packbits(is_set, bitorder="little"))
        slots.append(np.zeros(power_of_two(SLOTS_PER_HASH * len(of_width)), np.uint64))
        positions.append(np.zeros(len(slots[-1]), np.int32))
        fill_slots(hashes, of_width, slots[-1], positions[-1])
    return HashTables(
        widths=distinct,
        bits=np.concatenate([np.empty(0, np.uint8), *bits]),
        bit_starts=ends(bits),
        slots=np.concatenate([np.empty(0, np.uint64), *slots]),
        positions=np.concatenate([np.empty(0, np.int32), *positions]),
        slot_starts=ends(slots),
    )


def power_of_two(size: int) -> int:
    """The least power of two that is at least ``size``, and at least a byte's bits."""
    return 1 << max(size - 1, 7).bit_length()


def ends(arrays: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Where each of several arrays starts when they are laid end to end, and where the last one ends."""
    return np.cumsum([0, *map(len, arrays)], dtype=np.int64)


@numba.njit(cache=True, nogil=True)
def fill_slots(hashes: Any, of_width: Any, slots: Any, positions: Any) -> None:
    mask = np.uint64(len(slots) - 1)
    for position in of_width:
        slot = hashes[position] & mask
        while slots[slot] != EMPTY:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = hashes[position]
        positions[slot] = position


@numba.njit(inline="always")
def find(bits: Any, slots: Any, positions: Any, element: Any) -> int:
    """The position of a hash, -1 where a width's table does not have it."""
    bit = (element >> HALF) & np.uint64(8 * len(bits) - 1)
    if not (bits[bit >> np.uint64(3)] >> np.uint8(bit & np.uint64(7))) & np.uint8(1):
        return -1
    mask = np.uint64(len(slots) - 1)
    slot = element & mask
    while slots[slot] != EMPTY:
        if slots[slot] == element:
            return positions[slot]
        slot = (slot + np.uint64(1)) & mask
    return -1
