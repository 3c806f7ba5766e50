"""Word shingles of texts, hashed straight from Arrow's buffers: no Python string is ever made.

A word is a run of letters, digits and combining marks, case-folded. In scripts that are written without spaces each
letter is a word of its own, and so is each character above the Basic Multilingual Plane. A document of fewer words than
a shingle is one shingle of all its words; one without any word is one shingle of its bytes.
"""

import functools
import unicodedata
from typing import Any

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.hashing import BASE, FNV_BASIS, FNV_PRIME, mix

UNSPACED = [
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # CJK radicals, Hiragana, Katakana, Bopomofo
    (0x31A0, 0xA4CF),  # Bopomofo and Katakana extensions, CJK ideographs, Yi
    (0xF900, 0xFAFF),  # CJK compatibility ideographs
    (0xFF66, 0xFF9D),  # halfwidth Katakana
]
ALONE = np.uint32(1 << 31)  # flags a letter that is a word of its own


@functools.cache
def fold_table() -> NDArray[np.uint32]:
    """For each code point of the Basic Multilingual Plane: its case-folded letter, flagged if ALONE; 0 if no letter.

    A letter that folds to several (ß) stands for itself.
    """
    table = np.zeros(1 << 16, np.uint32)
    for point in range(1 << 16):
        letter = chr(point)
        if letter.isalnum() or unicodedata.category(letter).startswith("M"):
            folded = letter.casefold()
            table[point] = ord(folded) if len(folded) == 1 else point
    for first, last in UNSPACED:
        block = table[first : last + 1]
        block[block > 0] |= ALONE
    return table


def text_buffers(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes of an array without nulls, uint8, and where each text starts in them, int64 [n + 1]; no copy."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", np.uint8), starts


def scratch(starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Room for the words of the longest text, and one more: no word takes less than two bytes with its separator."""
    longest = int(np.diff(starts).max(initial=0))
    return np.empty(longest // 2 + 2, np.uint64)


@numba.njit(cache=True, nogil=True)
def hash_words(data: Any, start: int, end: int, fold: Any, words: Any) -> int:
    """Write the hash of each word (FNV-1a over folded letters) to ``words``, uint64; returns how many."""
    num_words = 0
    word = FNV_BASIS
    position = start
    while position < end:
        letter = np.uint32(data[position])
        position += 1
        if letter < 0x80:  # without a branch at the end of each word, which no processor foresees
            folded = fold[letter]
            words[num_words] = word
            num_words += (folded == 0) & (word != FNV_BASIS)
            extended = (word ^ np.uint64(folded)) * FNV_PRIME
            word = extended if folded else FNV_BASIS
            continue
        if letter < 0xE0:
            folded = fold[(letter & 0x1F) << 6 | data[position] & 0x3F]
            position += 1
        elif letter < 0xF0:
            folded = fold[(letter & 0x0F) << 12 | (data[position] & 0x3F) << 6 | data[position + 1] & 0x3F]
            position += 2
        else:
            tail = (data[position] & 0x3F) << 12 | (data[position + 1] & 0x3F) << 6 | data[position + 2] & 0x3F
            folded = np.uint32((letter & 0x07) << 18 | tail) | ALONE
            position += 3
        if 0 < folded < ALONE:
            word = (word ^ np.uint64(folded)) * FNV_PRIME
            continue
        if word != FNV_BASIS:
            words[num_words] = word
            num_words += 1
            word = FNV_BASIS
        if folded:
            words[num_words] = (FNV_BASIS ^ np.uint64(folded)) * FNV_PRIME
            num_words += 1
    if word != FNV_BASIS:
        words[num_words] = word
        num_words += 1
    return num_words


@numba.njit(cache=True, nogil=True)
def hash_shingles(data: Any, start: int, end: int, fold: Any, shingle_words: int, words: Any, shingles: Any) -> int:
    """Write the hash of each shingle of data[start:end] to ``shingles``, uint64, repeats included; returns how many.

    A shingle's hash is a polynomial in the hashes of its words, rolled from word to word, then mixed. ``words`` is
    scratch.
    """
    num_words = hash_words(data, start, end, fold, words)
    if num_words == 0:
        word = FNV_BASIS
        for position in range(start, end):
            word = (word ^ np.uint64(data[position])) * FNV_PRIME
        words[0] = word
        num_words = 1
    width = min(shingle_words, num_words)
    oldest = np.uint64(1)
    rolling = np.uint64(0)
    for i in range(width):
        rolling = rolling * BASE + words[i]
        oldest *= BASE
    shingles[0] = mix(rolling)
    for i in range(width, num_words):
        rolling = rolling * BASE + words[i] - oldest * words[i - width]
        shingles[i - width + 1] = mix(rolling)
    return num_words - width + 1
