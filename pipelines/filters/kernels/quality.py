"""The values behind Gopher's rules of quality."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.filters.gopher import STOP_WORDS
from pipelines.filters.kernels.characters import BULLET, LETTER, SYMBOL, Texts, code_point, kinds, texts_of
from pipelines.filters.kernels.words import Parts, split

MEASURES = (
    "num_words",
    "mean_word_length",
    "symbols_per_word",
    "bullet_lines",
    "ellipsis_lines",
    "alphabetic_words",
)
DOT, HASH = 0x2E, 0x23
STOP_WORD_SLOTS = 1024
LONGEST_STOP_WORD = max(len(word) for words in STOP_WORDS.values() for word in words)


def quality(texts: Texts, words: Parts, kinds_in_words: NDArray[np.uint16], lines: Parts) -> NDArray[np.float32]:
    """MEASURES of n texts, shape (len(MEASURES), n)."""
    out = np.empty((len(MEASURES), len(texts.starts) - 1), np.float32)
    write_quality(texts, words, kinds_in_words, lines, kinds(), out)
    return out


@numba.njit(cache=True, nogil=True)
def write_quality(texts: Any, words: Any, kinds_in_words: Any, lines: Any, kinds: Any, out: Any) -> None:
    data = texts.data
    for text in range(len(texts.starts) - 1):
        num_words = words.firsts[text + 1] - words.firsts[text]
        num_characters = alphabetic = hashes = ellipses = 0
        for word in range(words.firsts[text], words.firsts[text + 1]):
            num_characters += words.lengths[word]
            alphabetic += (kinds_in_words[word] & LETTER) != 0
            if kinds_in_words[word] & SYMBOL:
                for position in range(words.starts[word], words.ends[word]):
                    hashes += data[position] == HASH
                ellipses += num_ellipses(data, words.starts[word], words.ends[word])
        bullets = ellipsis_lines = 0
        for line in range(lines.firsts[text], lines.firsts[text + 1]):
            first, _ = code_point(data, lines.starts[line])
            bullets += (kinds[first] & BULLET) != 0
            ellipsis_lines += ends_in_ellipsis(data, lines.starts[line], lines.ends[line])
        out[0, text] = num_words
        num_words = max(num_words, 1)
        num_lines = max(lines.firsts[text + 1] - lines.firsts[text], 1)
        out[1, text] = num_characters / num_words
        out[2, text] = max(hashes, ellipses) / num_words
        out[3, text] = bullets / num_lines
        out[4, text] = ellipsis_lines / num_lines
        out[5, text] = alphabetic / num_words


@numba.njit(inline="always")
def is_ellipsis(data: Any, position: int) -> bool:
    return data[position] == 0xE2 and data[position + 1] == 0x80 and data[position + 2] == 0xA6


@numba.njit(inline="always")
def ends_in_ellipsis(data: Any, start: int, end: int) -> bool:
    if end - start < 3:
        return False
    dots = data[end - 1] == DOT and data[end - 2] == DOT and data[end - 3] == DOT
    return dots or is_ellipsis(data, end - 3)


@numba.njit(inline="always")
def num_ellipses(data: Any, start: int, end: int) -> int:
    """How many ellipses a word has; three dots are one."""
    ellipses = dots = 0
    for position in range(start, end):
        dots = dots + 1 if data[position] == DOT else 0
        ellipses += dots > 0 and dots % 3 == 0
        ellipses += data[position] == 0xE2 and is_ellipsis(data, position)
    return ellipses


def stop_words(words: Parts, languages: Sequence[str]) -> NDArray[np.float32]:
    """How many different stop words of its language each text has, shape (n,); NaN where they are not known."""
    numbers = {language: number for number, language in enumerate(STOP_WORDS)}
    language = np.array([numbers.get(name, -1) for name in languages], np.int64)
    out = np.empty(len(languages), np.float32)
    write_stop_words(words, language, *stop_word_tables(), out)
    return out


@functools.cache
def stop_word_tables() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """For each language, shape (languages, slots): the hashes of all spellings of its stop words, and each word's bit.

    A spelling has each letter small or capital.
    """
    hashes = np.zeros((len(STOP_WORDS), STOP_WORD_SLOTS), np.uint64)
    bits = np.zeros((len(STOP_WORDS), STOP_WORD_SLOTS), np.uint64)
    for language, known in enumerate(STOP_WORDS.values()):
        for number, word in enumerate(sorted(known)):
            letters = ((letter, letter.upper()) for letter in word)
            spellings = pa.array(["".join(spelling) for spelling in itertools.product(*letters)], pa.large_string())
            words, _ = split(texts_of(spellings))
            for spelling in words.hashes[: len(spellings)]:
                slot = int(spelling) % STOP_WORD_SLOTS
                while bits[language, slot]:
                    slot = (slot + 1) % STOP_WORD_SLOTS
                hashes[language, slot] = spelling
                bits[language, slot] = 1 << number
    return hashes, bits


@numba.njit(cache=True, nogil=True)
def write_stop_words(words: Any, languages: Any, hashes: Any, bits: Any, out: Any) -> None:
    for text in range(len(languages)):
        language = languages[text]
        if language < 0:
            out[text] = np.nan
            continue
        found = np.uint64(0)
        for word in range(words.firsts[text], words.firsts[text + 1]):
            if words.lengths[word] > LONGEST_STOP_WORD:
                continue
            key = words.hashes[word]
            slot = np.int64(key & np.uint64(STOP_WORD_SLOTS - 1))
            while bits[language, slot]:
                if hashes[language, slot] == key:
                    found |= bits[language, slot]
                    break
                slot = (slot + 1) & (STOP_WORD_SLOTS - 1)
        count = 0
        while found:
            found &= found - np.uint64(1)
            count += 1
        out[text] = count
