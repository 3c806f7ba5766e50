"""Texts as Arrow's buffers hold them, their code points, and what kind of character each is, as bits of one number."""

import functools
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.filters.c4 import CLOSING_MARKS, SENTENCE_MARKS, TERMINAL_PUNCTUATION
from pipelines.filters.formulas import SYMBOLS
from pipelines.filters.gopher import BULLETS

SPACE = 1 << 0  # as str.split and str.strip see it
LETTER = 1 << 1  # str.isalpha
ALPHANUMERIC = 1 << 2  # str.isalnum
DIGIT = 1 << 3  # str.isdecimal
BULLET = 1 << 4
SENTENCE_MARK = 1 << 5
CLOSING = 1 << 6  # may follow the mark that ends a sentence
TERMINAL = 1 << 7  # ends a line, as C4 has it
PUNCTUATION = 1 << 8  # ends a line, as FineWeb has it
MATHEMATICS = 1 << 9
SYMBOL = 1 << 10  # part of what Gopher counts as a symbol
CURLY_BRACKET = 1 << 11

NUM_CODE_POINTS = 0x110000
NEW_LINE = 0x0A


class Texts(NamedTuple):
    """n texts in UTF-8: text i is data[starts[i]:starts[i + 1]]."""

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]


def texts_of(array: pa.LargeStringArray) -> Texts:
    """The buffers of an array without nulls; no copy."""
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return Texts(read_only(np.frombuffer(data or b"", np.uint8)), read_only(starts))


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view of an array that cannot be written; a kernel is compiled anew for arrays that can."""
    view = array.view()
    view.flags.writeable = False
    return view


@functools.cache
def kinds() -> NDArray[np.uint16]:
    """The bits of every code point, shape (1,114,112,)."""
    from datatrove.utils.text import TERMINAL_PUNCTUATION as PUNCTUATION_MARKS

    letters = np.arange(NUM_CODE_POINTS, dtype=np.uint32).view("<U1")
    table = np.zeros(NUM_CODE_POINTS, np.uint16)
    table[np.strings.isspace(letters)] |= SPACE
    table[np.strings.isalpha(letters)] |= LETTER
    table[np.strings.isalnum(letters)] |= ALPHANUMERIC
    table[np.strings.isdecimal(letters)] |= DIGIT
    for marks, bit in (
        (BULLETS, BULLET),
        (SENTENCE_MARKS, SENTENCE_MARK),
        (CLOSING_MARKS, CLOSING),
        (TERMINAL_PUNCTUATION, TERMINAL),
        (PUNCTUATION_MARKS, PUNCTUATION),
        ("#.…", SYMBOL),
        ("{", CURLY_BRACKET),
    ):
        table[[ord(mark) for mark in marks]] |= bit
    for first, last in SYMBOLS:
        table[first : last + 1] |= MATHEMATICS
    return table


@numba.njit(inline="always")
def code_point(data: Any, position: int) -> Any:
    """The code point that starts at a position of valid UTF-8, and where the next one starts."""
    byte = np.uint32(data[position])
    if byte < 0x80:
        return byte, position + 1
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | data[position + 1] & 0x3F, position + 2
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | (data[position + 1] & 0x3F) << 6 | data[position + 2] & 0x3F, position + 3
    tail = (data[position + 1] & 0x3F) << 12 | (data[position + 2] & 0x3F) << 6 | data[position + 3] & 0x3F
    return (byte & 0x07) << 18 | tail, position + 4


@numba.njit(inline="always")
def last_character(data: Any, end: int) -> int:
    """Where the character that ends at ``end`` starts."""
    position = end - 1
    while data[position] & 0xC0 == 0x80:
        position -= 1
    return position


def num_of_kind(texts: Texts, kind: int) -> NDArray[np.int64]:
    """How many characters of a kind each of n texts has, shape (n,)."""
    out = np.zeros(len(texts.starts) - 1, np.int64)
    count_kind(texts.data, texts.starts, kinds(), kind, out)
    return out


@numba.njit(cache=True, nogil=True)
def count_kind(data: Any, starts: Any, kinds: Any, kind: int, out: Any) -> None:
    for text in range(len(out)):
        position = starts[text]
        while position < starts[text + 1]:
            point, position = code_point(data, position)
            out[text] += (kinds[point] & kind) != 0
