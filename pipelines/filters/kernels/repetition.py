"""The values behind Gopher's rules of repetition."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from pipelines.filters.kernels.counts import find_slot, table_size
from pipelines.filters.kernels.words import Parts
from pipelines.filters.repetition import DUPLICATE_NGRAMS, TOP_NGRAMS
from pipelines.hashing import BASE, mix

LONGEST_TOP = max(TOP_NGRAMS)
LONGEST = max(DUPLICATE_NGRAMS)
NGRAM_MEASURES = (*(f"top_{n}gram" for n in TOP_NGRAMS), *(f"duplicate_{n}grams" for n in DUPLICATE_NGRAMS))


def duplicates(parts: Parts) -> NDArray[np.float32]:
    """The fraction of each text's parts that occurred before, and the fraction of characters in them: (2, n)."""
    out = np.empty((2, len(parts.firsts) - 1), np.float32)
    write_duplicates(parts, out)
    return out


@numba.njit(inline="always")
def longest(firsts: Any) -> int:
    """The most parts that any text has."""
    most = 0
    for text in range(len(firsts) - 1):
        most = max(most, firsts[text + 1] - firsts[text])
    return most


@numba.njit(cache=True, nogil=True)
def write_duplicates(parts: Any, out: Any) -> None:
    size = table_size(longest(parts.firsts))
    keys = np.empty(size, np.uint64)
    counts = np.empty(size, np.int32)
    for text in range(len(parts.firsts) - 1):
        first, end = parts.firsts[text], parts.firsts[text + 1]
        size = table_size(end - first)
        counts[:size] = 0
        repeated = repeated_characters = num_characters = 0
        for part in range(first, end):
            num_characters += parts.lengths[part]
            slot = find_slot(parts.hashes[part], keys, counts, size)
            if counts[slot]:
                repeated += 1
                repeated_characters += parts.lengths[part]
            keys[slot] = parts.hashes[part]
            counts[slot] += 1
        out[0, text] = repeated / max(end - first, 1)
        out[1, text] = repeated_characters / max(num_characters, 1)


def ngrams(words: Parts) -> NDArray[np.float32]:
    """NGRAM_MEASURES of n texts, shape (len(NGRAM_MEASURES), n)."""
    out = np.zeros((len(NGRAM_MEASURES), len(words.firsts) - 1), np.float32)
    write_ngrams(words.firsts, words.lengths, words.hashes, out)
    return out


@numba.njit(cache=True, nogil=True)
def write_ngrams(firsts: Any, lengths: Any, hashes: Any, out: Any) -> None:
    """An n-gram can only repeat where the (n - 1)-gram at its beginning does, so few places are left to look at."""
    most = longest(firsts)
    size = table_size(most)
    keys = np.empty(size, np.uint64)
    counts = np.empty(size, np.int32)
    places = np.empty(most, np.int64)  # where an n-gram may repeat, ascending
    grams = np.empty(most, np.uint64)  # the hash of the n-gram at each place
    slots = np.empty(most, np.int64)
    for text in range(len(firsts) - 1):
        first, end = firsts[text], firsts[text + 1]
        num_places = end - first
        num_characters = 0
        for place in range(num_places):
            places[place] = first + place
            grams[place] = hashes[first + place]
            num_characters += lengths[first + place]
        for n in range(2, LONGEST + 1):
            num_places = extend(n, end, hashes, places, grams, num_places)
            size = table_size(num_places)
            counts[:size] = 0
            covered = count(n, lengths, places, grams, slots, num_places, keys, counts, size)
            if n <= LONGEST_TOP:
                covered = top_covered(n, lengths, places, slots, num_places, counts)
            out[n - 2, text] = covered / max(num_characters, 1)
            num_places = keep_repeated(places, grams, slots, num_places, counts)
            if num_places == 0:
                break


@numba.njit(inline="always")
def extend(n: int, end: int, hashes: Any, places: Any, grams: Any, num_places: int) -> int:
    """Make n-grams of (n - 1)-grams, without those that the text is too short for; returns how many are left."""
    while num_places and places[num_places - 1] + n > end:
        num_places -= 1
    for i in range(num_places):
        grams[i] = mix(grams[i] * BASE + hashes[places[i] + n - 1])
    return num_places


@numba.njit(inline="always")
def count(
    n: int, lengths: Any, places: Any, grams: Any, slots: Any, num_places: int, keys: Any, counts: Any, size: int
) -> int:
    """Count each n-gram and note its slot; returns the characters inside n-grams that occurred before."""
    covered = covered_until = 0
    for i in range(num_places):
        slot = find_slot(grams[i], keys, counts, size)
        if counts[slot]:
            for word in range(max(places[i], covered_until), places[i] + n):
                covered += lengths[word]
            covered_until = places[i] + n
        keys[slot] = grams[i]
        counts[slot] += 1
        slots[i] = slot
    return covered


@numba.njit(inline="always")
def top_covered(n: int, lengths: Any, places: Any, slots: Any, num_places: int, counts: Any) -> int:
    """The characters inside the most frequent n-gram, of equals the one that comes first; 0 if none repeats."""
    top, most = -1, 1
    for i in range(num_places):
        if counts[slots[i]] > most:
            top, most = slots[i], counts[slots[i]]
    covered = covered_until = 0
    for i in range(num_places):
        if slots[i] == top:
            for word in range(max(places[i], covered_until), places[i] + n):
                covered += lengths[word]
            covered_until = places[i] + n
    return covered


@numba.njit(inline="always")
def keep_repeated(places: Any, grams: Any, slots: Any, num_places: int, counts: Any) -> int:
    """Keep the places whose n-gram occurs more than once; returns how many."""
    kept = 0
    for i in range(num_places):
        if counts[slots[i]] > 1:
            places[kept] = places[i]
            grams[kept] = grams[i]
            kept += 1
    return kept
