"""Keyed permutations of [0, n) without a table: a Feistel network with cycle walking, forward and inverse.

A Feistel network permutes the smallest power of two that holds n; values that land at n or above are sent through again
until they land below it (cycle walking: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). The
domain is less than twice n, so fewer than two passes are expected.
"""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import xxhash

Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]

NUM_ROUNDS = 4


def subkeys(key: str) -> UInt64s:
    """One 64-bit number for each round from a readable key; shape (NUM_ROUNDS,), uint64."""
    return np.array([xxhash.xxh3_64_intdigest(f"{key}/{number}") for number in range(NUM_ROUNDS)], dtype=np.uint64)


def permute(values: npt.ArrayLike, size: int, key: str) -> Int64s:
    """The images of values under the permutation of [0, size) that ``key`` names; any shape, int64.

    Raises:
        IndexError: a value outside of [0, size).
    """
    return _permute_with(values, size, key, inverse=False)


def unpermute(values: npt.ArrayLike, size: int, key: str) -> Int64s:
    """The inverse of ``permute``: the values whose images are given."""
    return _permute_with(values, size, key, inverse=True)


def permute_each(values: Int64s, which: Int64s, sizes: Int64s, keys: UInt64s, *, inverse: bool) -> Int64s:
    """The image, or with ``inverse`` the origin, of each value under a permutation of its own.

    Args:
        values: shape (n,), each in [0, size) of its permutation, which is not checked.
        which: the permutation of each value, shape (n,).
        sizes: the size of each permutation, in [1, 2**62], shape (num_permutations,).
        keys: their subkeys, shape (num_permutations, NUM_ROUNDS).

    Returns:
        shape (n,), int64.
    """
    images = np.empty_like(values)
    _walk(values, which, sizes, keys, inverse, images)
    return images


def _permute_with(values: npt.ArrayLike, size: int, key: str, *, inverse: bool) -> Int64s:
    wanted = np.asarray(values, dtype=np.int64)
    flat = wanted.reshape(-1)
    outside = flat[(flat < 0) | (flat >= size)]
    if outside.size:
        raise IndexError(f"{outside[0]} is outside of [0, {size})")
    sizes = np.array([size], dtype=np.int64)
    images = permute_each(flat, np.zeros_like(flat), sizes, subkeys(key)[np.newaxis], inverse=inverse)
    return images.reshape(wanted.shape)


@numba.njit(cache=True, nogil=True)
def _walk(values: Any, which: Any, sizes: Any, keys: Any, inverse: bool, images: Any) -> None:
    """The networks of all values first, without a branch, then the walks of the few that landed outside."""
    low_bits = np.empty(len(sizes), np.uint64)
    low_masks = np.empty(len(sizes), np.uint64)
    high_masks = np.empty(len(sizes), np.uint64)
    for number in range(len(sizes)):
        num_bits = 0
        while (sizes[number] - 1) >> num_bits:
            num_bits += 1
        low_bits[number] = num_bits // 2
        low_masks[number] = (1 << (num_bits // 2)) - 1
        high_masks[number] = (1 << (num_bits - num_bits // 2)) - 1
    for place in range(len(values)):
        k = which[place]
        images[place] = _network(np.uint64(values[place]), low_bits[k], low_masks[k], high_masks[k], keys[k], inverse)
    for place in range(len(values)):
        k = which[place]
        while images[place] >= sizes[k]:
            image = np.uint64(images[place])
            images[place] = _network(image, low_bits[k], low_masks[k], high_masks[k], keys[k], inverse)


@numba.njit(cache=True, nogil=True)
def _network(value: Any, low_bits: Any, low_mask: Any, high_mask: Any, subkeys: Any, inverse: bool) -> Any:
    """Both halves in turn are changed by a function of the other, so the rounds in reverse order undo it."""
    high, low = value >> low_bits, value & low_mask
    if inverse:
        low ^= _mix(high + subkeys[3]) & low_mask
        high ^= _mix(low + subkeys[2]) & high_mask
        low ^= _mix(high + subkeys[1]) & low_mask
        high ^= _mix(low + subkeys[0]) & high_mask
    else:
        high ^= _mix(low + subkeys[0]) & high_mask
        low ^= _mix(high + subkeys[1]) & low_mask
        high ^= _mix(low + subkeys[2]) & high_mask
        low ^= _mix(high + subkeys[3]) & low_mask
    return (high << low_bits) | low


@numba.njit(cache=True, nogil=True)
def _mix(value: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each input bit changes each output bit."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
