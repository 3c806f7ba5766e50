"""Keyed permutations of [0, n) without a table: a Feistel network with cycle walking, forward and inverse.

A Feistel network permutes the smallest power of two that holds n; values that land at n or above are sent through again
until they land below it (cycle walking: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). The
domain is less than twice n, so fewer than two passes are expected.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xxhash

Integers = npt.NDArray[np.uint64]

NUM_ROUNDS = 4


def subkeys(key: str) -> list[np.uint64]:
    """One 64-bit number for each round from a readable key."""
    return [np.uint64(xxhash.xxh3_64_intdigest(f"{key}/{number}")) for number in range(NUM_ROUNDS)]


def permute(values: npt.ArrayLike, size: int, key: str) -> npt.NDArray[np.int64]:
    """The images of values under the permutation of [0, size) that ``key`` names; any shape, int64."""
    return _walk(values, size, list(enumerate(subkeys(key))))


def unpermute(values: npt.ArrayLike, size: int, key: str) -> npt.NDArray[np.int64]:
    """The inverse of ``permute``: the values whose images are given."""
    return _walk(values, size, list(enumerate(subkeys(key)))[::-1])


def _walk(values: npt.ArrayLike, size: int, rounds: Sequence[tuple[int, np.uint64]]) -> npt.NDArray[np.int64]:
    result = np.array(values, dtype=np.uint64)
    flat = result.reshape(-1)
    if flat.size and int(flat.max()) >= size:
        raise IndexError(f"{int(flat.max())} is outside of [0, {size})")
    num_bits = max(size - 1, 0).bit_length()
    if num_bits:
        outside = np.arange(flat.size)
        while outside.size:
            flat[outside] = _network(flat[outside], num_bits, rounds)
            outside = outside[flat[outside] >= np.uint64(size)]
    return result.astype(np.int64)


def _network(values: Integers, num_bits: int, rounds: Sequence[tuple[int, np.uint64]]) -> Integers:
    """Both halves in turn are changed by a function of the other, so the rounds in reverse order undo it."""
    low_bits = np.uint64(num_bits // 2)
    low_mask = np.uint64((1 << (num_bits // 2)) - 1)
    high_mask = np.uint64((1 << (num_bits - num_bits // 2)) - 1)
    high, low = values >> low_bits, values & low_mask
    for number, subkey in rounds:
        if number % 2:
            low = low ^ (mix(high + subkey) & low_mask)
        else:
            high = high ^ (mix(low + subkey) & high_mask)
    return (high << low_bits) | low


def mix(values: Integers) -> Integers:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each input bit changes each output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
