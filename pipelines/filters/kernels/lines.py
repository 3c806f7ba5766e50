"""The values behind the rules about lines and sentences: C4's and FineWeb's."""

import functools
from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from pipelines.filters.c4 import LOREM_IPSUM, POLICIES
from pipelines.filters.fineweb import SHORT_LINE_CHARACTERS
from pipelines.filters.kernels.characters import (
    CLOSING,
    CURLY_BRACKET,
    NEW_LINE,
    PUNCTUATION,
    SENTENCE_MARK,
    TERMINAL,
    Texts,
    code_point,
    kinds,
    last_character,
)
from pipelines.filters.kernels.words import Parts

C4_MEASURES = ("num_sentences", "terminal_lines", "policy_lines", "num_curly_brackets", "num_lorem_ipsum")
FINEWEB_MEASURES = ("punctuated_lines", "short_lines", "line_breaks_per_word")
POLICY, LOREM = 1, 2  # what is complete in a state of the automaton
OPENING_BRACKET = 0x7B


def c4(texts: Texts, words: Parts, kinds_in_words: NDArray[np.uint16], lines: Parts) -> NDArray[np.float32]:
    """C4_MEASURES of n texts, shape (len(C4_MEASURES), n)."""
    out = np.empty((len(C4_MEASURES), len(texts.starts) - 1), np.float32)
    write_c4(texts, words, kinds_in_words, lines, kinds(), *automaton(), out)
    return out


@functools.cache
def automaton() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Finds phrases in small or capital letters (Aho and Corasick 1975).

    A state is the longest beginning of a phrase that the bytes so far end in; its number is a multiple of 256.

    Returns:
        The next state by the sum of state and byte, shape (states * 256,), and what is complete by state / 256.
    """
    complete = dict.fromkeys(POLICIES, POLICY) | dict.fromkeys(LOREM_IPSUM, LOREM)
    beginnings = sorted({phrase[:length] for phrase in complete for length in range(len(phrase) + 1)})
    states = {beginning: number * 256 for number, beginning in enumerate(beginnings)}
    following = np.zeros(len(states) * 256, np.uint32)
    found = np.zeros(len(states), np.uint8)
    for beginning, state in states.items():
        for byte in range(128):
            following[state + byte] = states[longest_end(beginning + chr(byte).lower(), states)]
        for phrase, kind in complete.items():
            found[state // 256] |= kind if beginning.endswith(phrase) else 0
    return following, found


def longest_end(seen: str, states: Mapping[str, int]) -> str:
    """The longest end of what was seen that is a state."""
    return next(seen[start:] for start in range(len(seen) + 1) if seen[start:] in states)


@numba.njit(cache=True, nogil=True)
def write_c4(
    texts: Any, words: Any, kinds_in_words: Any, lines: Any, kinds: Any, following: Any, found: Any, out: Any
) -> None:
    data = texts.data
    for text in range(len(texts.starts) - 1):
        sentences = brackets = terminal = 0
        for word in range(words.firsts[text], words.firsts[text + 1]):
            if kinds_in_words[word] & SENTENCE_MARK:
                sentences += ends_sentence(data, words.starts[word], words.ends[word], kinds)
            if kinds_in_words[word] & CURLY_BRACKET:
                for position in range(words.starts[word], words.ends[word]):
                    brackets += data[position] == OPENING_BRACKET
        for line in range(lines.firsts[text], lines.firsts[text + 1]):
            terminal += ends_in(TERMINAL, data, lines.ends[line], kinds)
        policies = lorem = 0
        state = np.uint32(0)
        in_line = False
        for position in range(texts.starts[text], texts.starts[text + 1]):
            byte = data[position]
            state = following[state + byte]
            in_line |= found[state >> 8] == POLICY
            lorem += found[state >> 8] == LOREM
            if byte == NEW_LINE:
                policies += in_line
                in_line = False
        num_lines = max(lines.firsts[text + 1] - lines.firsts[text], 1)
        out[0, text] = sentences
        out[1, text] = terminal / num_lines
        out[2, text] = (policies + in_line) / num_lines
        out[3, text] = brackets
        out[4, text] = lorem


@numba.njit(inline="always")
def ends_in(kind: int, data: Any, end: int, kinds: Any) -> bool:
    """Whether the character that ends at ``end`` is of a kind."""
    point, _ = code_point(data, last_character(data, end))
    return (kinds[point] & kind) != 0


@numba.njit(inline="always")
def ends_sentence(data: Any, start: int, end: int, kinds: Any) -> bool:
    """Whether a word ends in the mark of a sentence, perhaps with closing marks after it."""
    while end > start:
        position = last_character(data, end)
        point, _ = code_point(data, position)
        if kinds[point] & SENTENCE_MARK:
            return True
        if not kinds[point] & CLOSING:
            return False
        end = position
    return False


def fineweb(texts: Texts, words: Parts, lines: Parts) -> NDArray[np.float32]:
    """FINEWEB_MEASURES of n texts, shape (len(FINEWEB_MEASURES), n)."""
    out = np.empty((len(FINEWEB_MEASURES), len(texts.starts) - 1), np.float32)
    write_fineweb(texts, words, lines, kinds(), out)
    return out


@numba.njit(cache=True, nogil=True)
def write_fineweb(texts: Any, words: Any, lines: Any, kinds: Any, out: Any) -> None:
    for text in range(len(texts.starts) - 1):
        punctuated = short = 0
        for line in range(lines.firsts[text], lines.firsts[text + 1]):
            punctuated += ends_in(PUNCTUATION, texts.data, lines.ends[line], kinds)
            short += lines.lengths[line] <= SHORT_LINE_CHARACTERS
        breaks = 0
        for position in range(texts.starts[text], texts.starts[text + 1]):
            breaks += texts.data[position] == NEW_LINE
        num_lines = max(lines.firsts[text + 1] - lines.firsts[text], 1)
        out[0, text] = punctuated / num_lines
        out[1, text] = short / num_lines
        out[2, text] = breaks / max(words.firsts[text + 1] - words.firsts[text], 1)
