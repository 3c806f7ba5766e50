"""The exact Jaccard similarity of two documents' sets of shingles, by a hash table that holds one of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.shingles import fold_table, hash_shingles, scratch, text_buffers

EMPTY = np.uint64(0)  # an unused slot of a table; no shingle is expected to have this hash in 2**64


class ShingleSets(NamedTuple):
    """Sets of shingle hashes, laid end to end."""

    hashes: NDArray[np.uint64]  # each set without repeats, in the order of its text
    starts: NDArray[np.int64]  # [n + 1]: set i is hashes[starts[i]:starts[i + 1]]


def shingle_sets(texts: pa.LargeStringArray, shingle_words: int) -> ShingleSets:
    """The shingle set of each text."""
    data, starts = text_buffers(texts)
    words, shingles = scratch(starts), scratch(starts)
    hashes = np.empty(int(starts[-1] - starts[0]) // 2 + len(texts), np.uint64)
    ends = np.zeros(len(texts) + 1, np.int64)
    fill_sets(data, starts, fold_table(), shingle_words, words, shingles, new_table(len(shingles)), hashes, ends)
    return ShingleSets(hashes[: ends[-1]], ends)


def join_sets(parts: Sequence[ShingleSets]) -> ShingleSets:
    """Lay several lists of sets end to end."""
    sizes = np.concatenate([np.empty(0, np.int64), *(np.diff(part.starts) for part in parts)])
    hashes = np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)])
    return ShingleSets(hashes, np.concatenate(([0], np.cumsum(sizes))))


@numba.njit(cache=True, nogil=True)
def fill_sets(
    data: Any,
    starts: Any,
    fold: Any,
    shingle_words: int,
    words: Any,
    shingles: Any,
    table: Any,
    hashes: Any,
    ends: Any,
) -> None:
    """Write every text's set to ``hashes`` one after the other, and where each ends to ``ends`` [n + 1]."""
    for text in range(len(starts) - 1):
        num_shingles = hash_shingles(data, starts[text], starts[text + 1], fold, shingle_words, words, shingles)
        used = cleared(table, num_shingles)
        end = ends[text]
        for shingle in shingles[:num_shingles]:
            if insert(used, shingle):
                hashes[end] = shingle
                end += 1
        ends[text + 1] = end


def new_table(largest: int) -> NDArray[np.uint64]:
    """A table for sets of up to ``largest`` elements: open addressing, at most half full, a power of two in size."""
    return np.empty(1 << (2 * max(largest, 1)).bit_length(), np.uint64)


@numba.njit(cache=True, nogil=True)
def cleared(table: Any, num_elements: int) -> Any:
    """The front of a table, emptied, just large enough for so many elements."""
    size = 2
    while size < 2 * num_elements:
        size *= 2
    front = table[:size]
    front[:] = EMPTY
    return front


@numba.njit(cache=True, nogil=True)
def insert(table: Any, element: Any) -> bool:
    """Put an element into a table; returns whether it is new."""
    mask = np.uint64(len(table) - 1)
    slot = element & mask
    while table[slot] != EMPTY:
        if table[slot] == element:
            return False
        slot = (slot + np.uint64(1)) & mask
    table[slot] = element
    return True


@numba.njit(cache=True, nogil=True)
def loaded(table: Any, elements: Any) -> Any:
    """The front of a table, holding exactly a set's elements."""
    front = cleared(table, len(elements))
    for element in elements:
        insert(front, element)
    return front


@numba.njit(cache=True, nogil=True)
def jaccard(table: Any, num_elements: int, others: Any) -> float:
    """Common elements over all elements of the set of ``num_elements`` that a table holds and another set."""
    mask = np.uint64(len(table) - 1)
    num_common = 0
    for element in others:
        slot = element & mask
        while table[slot] != EMPTY and table[slot] != element:
            slot = (slot + np.uint64(1)) & mask
        num_common += table[slot] == element
    return num_common / (num_elements + len(others) - num_common)
