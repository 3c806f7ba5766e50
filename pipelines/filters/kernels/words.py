"""The words, lines and paragraphs of texts.

A word is what spaces separate, in the sense of ``str.split``. A line or a paragraph reaches from its first word to its
last: the spaces around it are no part of it, those in it are. Blank lines are no lines, and separate paragraphs.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from pipelines.filters.kernels.characters import NEW_LINE, SPACE, Texts, code_point, kinds
from pipelines.hashing import BASE, FNV_BASIS, FNV_PRIME, mix

LINE_BREAKS = 1  # at least so many new lines before a word that begins a line
PARAGRAPH_BREAKS = 2


class Parts(NamedTuple):
    """The words, the lines or the paragraphs of n texts: those of text i are firsts[i]:firsts[i + 1]."""

    firsts: NDArray[np.int64]  # [n + 1]
    starts: NDArray[np.int64]  # in the data
    ends: NDArray[np.int64]
    lengths: NDArray[np.int32]  # in characters
    hashes: NDArray[np.uint64]
    breaks: NDArray[np.uint8]  # new lines before it, where 2 stands for more as well


def room(num_texts: int, most: int) -> Parts:
    """Parts yet to be written."""
    return Parts(
        firsts=np.empty(num_texts + 1, np.int64),
        starts=np.empty(most, np.int64),
        ends=np.empty(most, np.int64),
        lengths=np.empty(most, np.int32),
        hashes=np.empty(most, np.uint64),
        breaks=np.empty(most, np.uint8),
    )


def split(texts: Texts) -> tuple[Parts, NDArray[np.uint16]]:
    """The words of texts, and for each the kinds of its characters, together."""
    num_texts = len(texts.starts) - 1
    most = int(texts.starts[-1] - texts.starts[0]) // 2 + num_texts  # a word and its space take two bytes or more
    words = room(num_texts, most)
    kinds_in_words = np.empty(most, np.uint16)
    write_words(texts.data, texts.starts, kinds(), words, kinds_in_words)
    return words, kinds_in_words


@numba.njit(cache=True, nogil=True)
def write_words(data: Any, starts: Any, kinds: Any, words: Any, kinds_in_words: Any) -> None:
    count = 0
    for text in range(len(starts) - 1):
        words.firsts[text] = count
        position, end = starts[text], starts[text + 1]
        breaks = PARAGRAPH_BREAKS  # a text begins with a paragraph
        while True:
            while position < end:
                point, after = code_point(data, position)
                if not kinds[point] & SPACE:
                    break
                breaks += point == NEW_LINE
                position = after
            if position == end:
                break
            words.starts[count] = position
            words.breaks[count] = min(breaks, PARAGRAPH_BREAKS)
            breaks = length = 0
            found = np.uint16(0)
            word_hash = FNV_BASIS
            while position < end:
                point, after = code_point(data, position)
                kind = kinds[point]
                if kind & SPACE:
                    break
                found |= kind
                length += 1
                word_hash = (word_hash ^ np.uint64(point)) * FNV_PRIME
                position = after
            words.ends[count] = position
            words.lengths[count] = length
            words.hashes[count] = mix(word_hash)
            kinds_in_words[count] = found
            count += 1
    words.firsts[len(starts) - 1] = count


def join(texts: Texts, parts: Parts, breaks: int) -> Parts:
    """The lines (LINE_BREAKS) that words make, or the paragraphs (PARAGRAPH_BREAKS) that lines make."""
    num_parts = int(parts.firsts[-1])
    joined = room(len(texts.starts) - 1, int(np.count_nonzero(parts.breaks[:num_parts] >= breaks)))
    write_joined(texts.data, parts, breaks, joined)
    return joined


@numba.njit(cache=True, nogil=True)
def write_joined(data: Any, parts: Any, breaks: int, joined: Any) -> None:
    """A hash is a polynomial in the hashes of what is joined and in the spaces between."""
    count = -1
    for text in range(len(parts.firsts) - 1):
        joined.firsts[text] = count + 1
        for part in range(parts.firsts[text], parts.firsts[text + 1]):
            if parts.breaks[part] >= breaks:
                count += 1
                joined.starts[count] = parts.starts[part]
                joined.lengths[count] = parts.lengths[part]
                joined.hashes[count] = parts.hashes[part]
                joined.breaks[count] = parts.breaks[part]
            else:
                position = parts.ends[part - 1]
                while position < parts.starts[part]:
                    point, position = code_point(data, position)
                    joined.hashes[count] = joined.hashes[count] * BASE + np.uint64(point)
                    joined.lengths[count] += 1
                joined.hashes[count] = joined.hashes[count] * BASE + parts.hashes[part]
                joined.lengths[count] += parts.lengths[part]
            joined.ends[count] = parts.ends[part]
    joined.firsts[len(parts.firsts) - 1] = count + 1
