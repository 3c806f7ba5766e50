"""What a classifier reads of a text: its words, and nothing of its form. Straight from Arrow's buffers.

Digits, punctuation, line breaks and markup tell which source a text comes from more than how good it is, so a
classifier that saw them would learn the format of its sources.

Each character stands for what its compatibility form (Unicode's NFKC, of the character alone) is in lower case. Where
that is letters, perhaps with combining marks, they are part of a word; a mark alone continues a word and begins none;
anything else separates words. In scripts that are written without spaces each such character is a word of its own.
"""

import functools
import unicodedata
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.shingles import UNSPACED
from pipelines.filters.kernels.characters import code_point, read_only, texts_of

NUM_POINTS = 0x32000  # beyond are no letters but for private ones
IDEOGRAPHS = 0x20000  # beyond are ideographs alone
LETTER, MARK, ALONE = 1, 2, 3  # kinds of characters; 0 separates words
SPACE = np.uint8(0x20)


class Folds(NamedTuple):
    """What each character stands for: that of code point p is letters[firsts[p]:firsts[p + 1]], in UTF-8."""

    kinds: NDArray[np.uint8]  # [NUM_POINTS]
    firsts: NDArray[np.int32]  # [NUM_POINTS + 1]
    letters: NDArray[np.uint8]


def normalise(texts: pa.LargeStringArray, max_characters: int) -> pa.LargeStringArray:
    """The words in the first ``max_characters`` of each of n texts without nulls, joined by single spaces; n texts."""
    data, starts = texts_of(texts)
    num_bytes = int(np.minimum(np.diff(starts), 4 * max_characters).sum())
    words = np.empty(num_bytes * growth(), np.uint8)
    word_starts = np.empty(len(starts), np.int64)
    write_words(data, starts, max_characters, folds(), words, word_starts)
    written = words[: word_starts[-1]]
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(word_starts), pa.py_buffer(written))


@functools.cache
def folds() -> Folds:
    kinds = np.zeros(NUM_POINTS, np.uint8)
    letters = [b""] * NUM_POINTS
    for point in range(NUM_POINTS):
        folded = unicodedata.normalize("NFKC", chr(point)).lower()
        if kind := kind_of(folded):
            kinds[point], letters[point] = kind, folded.encode()
    for first, last in [*UNSPACED, (IDEOGRAPHS, NUM_POINTS)]:
        block = kinds[first : last + 1]
        block[block == LETTER] = ALONE
    firsts = np.cumsum([0, *map(len, letters)], dtype=np.int32)
    joined = np.frombuffer(b"".join(letters), np.uint8)
    return Folds(read_only(kinds), read_only(firsts), read_only(joined))


def kind_of(folded: str) -> int:
    """Whether a folded character is letters, a mark alone, or neither (0)."""
    if folded.isalpha():
        return LETTER
    if not all(character.isalpha() or is_mark(character) for character in folded):
        return 0
    return LETTER if any(map(str.isalpha, folded)) else MARK


def is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


@functools.cache
def growth() -> int:
    """How many bytes a byte of a text can become: those of a character's letters, and a space."""
    sizes = np.diff(folds().firsts)
    points = np.arange(NUM_POINTS)
    widths = 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)
    return int(np.ceil((sizes + 1) / widths).max())


@numba.njit(inline="always")
def end_of_characters(data: Any, start: int, end: int, max_characters: int) -> int:
    """Where the first ``max_characters`` of data[start:end] end."""
    position = min(end, start + max_characters)
    if position == end:
        return end
    num_characters = 0
    for byte in range(start, position):
        num_characters += data[byte] & 0xC0 != 0x80
    while position < end and (num_characters < max_characters or data[position] & 0xC0 == 0x80):
        num_characters += data[position] & 0xC0 != 0x80
        position += 1
    return position


@numba.njit(inline="always")
def copy_letters(folds: Any, point: Any, words: Any, count: int) -> int:
    """Write what a code point stands for; returns where it ends."""
    for letter in range(folds.firsts[point], folds.firsts[point + 1]):
        words[count] = folds.letters[letter]
        count += 1
    return count


@numba.njit(cache=True, nogil=True)
def write_words(data: Any, starts: Any, max_characters: int, folds: Any, words: Any, word_starts: Any) -> None:
    ascii_letters = np.full(0x80, SPACE, np.uint8)
    for point in range(0x80):
        copy_letters(folds, point, ascii_letters[point:], 0)
    count = 0
    for text in range(len(starts) - 1):
        word_starts[text] = count
        position = starts[text]
        end = end_of_characters(data, position, starts[text + 1], max_characters)
        in_word = False
        alone_until = end  # where the last character that is ALONE ended, and a mark may continue it
        while position < end:
            byte = data[position]
            if byte < 0x80:  # without a branch at the end of each word, which no processor foresees
                letter = ascii_letters[byte]
                words[count] = letter
                count += in_word | (letter != SPACE)
                in_word = letter != SPACE
                position += 1
                continue
            point, after = code_point(data, position)
            kind = folds.kinds[point] if point < NUM_POINTS else 0
            if kind == LETTER or (kind == MARK and in_word):
                count = copy_letters(folds, point, words, count)
                in_word = True
            elif kind == MARK:
                if position == alone_until:
                    count = copy_letters(folds, point, words, count - 1)
                    words[count] = SPACE
                    count += 1
                    alone_until = after
            else:
                words[count] = SPACE
                count += in_word
                in_word = False
                if kind == ALONE:
                    count = copy_letters(folds, point, words, count)
                    words[count] = SPACE
                    count += 1
                    alone_until = after
            position = after
        if count > word_starts[text] and words[count - 1] == SPACE:
            count -= 1
    word_starts[len(starts) - 1] = count
