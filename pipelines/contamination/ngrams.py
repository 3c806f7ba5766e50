"""N-grams of words, hashed: the words and their folding are those of near-duplicate search."""

from typing import Any

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.shingles import fold_table, hash_words, scratch, text_buffers
from pipelines.hashing import BASE, FNV_BASIS, mix


def num_words(texts: pa.LargeStringArray) -> NDArray[np.int64]:
    """The number of words of each text."""
    data, starts = text_buffers(texts)
    counts = np.empty(len(texts), np.int64)
    fill_num_words(data, starts, fold_table(), scratch(starts), counts)
    return counts


def ngram_hashes(text: str, width: int) -> NDArray[np.uint64]:
    """The hash of each n-gram of ``width`` words of a text, in order: uint64 [number of words - width + 1]."""
    data = np.frombuffer(text.encode(), np.uint8)
    starts = np.array([0, len(data)])
    words = scratch(starts)
    ngrams = np.empty_like(words)
    return ngrams[: hash_ngrams(words, hash_words(data, 0, len(data), fold_table(), words), width, ngrams)]


@numba.njit(cache=True, nogil=True)
def fill_num_words(data: Any, starts: Any, fold: Any, words: Any, counts: Any) -> None:
    """Write the number of words of each text to ``counts``."""
    for text in range(len(counts)):
        counts[text] = hash_words(data, starts[text], starts[text + 1], fold, words)


@numba.njit(cache=True, nogil=True)
def hash_ngrams(words: Any, num_words: int, width: int, ngrams: Any) -> int:
    """Write the hash of each n-gram of ``width`` words to ``ngrams``, uint64; returns how many.

    The hash is a polynomial in the hashes of the words, rolled from word to word, with the width as its highest
    coefficient, then mixed.
    """
    if num_words < width:
        return 0
    oldest = np.uint64(1)
    rolling = np.uint64(0)
    for i in range(width):
        rolling = rolling * BASE + words[i]
        oldest *= BASE
    of_width = (FNV_BASIS ^ np.uint64(width)) * oldest
    ngrams[0] = mix(rolling + of_width)
    for i in range(width, num_words):
        rolling = rolling * BASE + words[i] - oldest * words[i - width]
        ngrams[i - width + 1] = mix(rolling + of_width)
    return num_words - width + 1
