"""The values behind the rules for source code: lengths of lines, letters and digits, numbers.

A number is what ``\\b(?:0x[0-9a-fA-F]+|\\d[\\d.]*(?:[eE][+-]?\\d+)?)\\b`` matches.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from pipelines.filters.kernels.characters import ALPHANUMERIC, DIGIT, NEW_LINE, Texts, code_point, kinds

MEASURES = ("num_characters", "longest_line", "mean_line_length", "alphanumeric_characters", "number_characters")
POINT, UNDERSCORE, PLUS, MINUS = 0x2E, 0x5F, 0x2B, 0x2D
LARGE_E, SMALL_E, ZERO, SMALL_X = 0x45, 0x65, 0x30, 0x78


def source_code(texts: Texts) -> NDArray[np.float32]:
    """MEASURES of n texts, shape (len(MEASURES), n)."""
    out = np.empty((len(MEASURES), len(texts.starts) - 1), np.float32)
    write_source_code(texts.data, texts.starts, kinds(), out)
    return out


@numba.njit(cache=True, nogil=True)
def write_source_code(data: Any, starts: Any, kinds: Any, out: Any) -> None:
    for text in range(len(starts) - 1):
        end = starts[text + 1]
        characters = breaks = line = longest = alphanumeric = numbers = 0
        after_word = False  # whether the character before is a letter, a digit or an underscore
        number_end = position = starts[text]
        while position < end:
            start = position
            point, position = code_point(data, position)
            characters += 1
            if point == NEW_LINE:
                breaks += 1
                longest = max(longest, line)
                line = 0
            else:
                line += 1
            kind = kinds[point]
            alphanumeric += (kind & ALPHANUMERIC) != 0
            if kind & DIGIT and start >= number_end and not after_word:
                number_end = end_of_number(data, start, end, kinds)
            numbers += start < number_end
            after_word = (kind & ALPHANUMERIC) != 0 or point == UNDERSCORE
        out[0, text] = characters
        out[1, text] = max(longest, line)
        out[2, text] = (characters - breaks) / (breaks + 1)
        out[3, text] = alphanumeric / max(characters, 1)
        out[4, text] = numbers / max(characters, 1)


@numba.njit(inline="always")
def in_word(data: Any, position: int, end: int, kinds: Any) -> bool:
    """Whether a letter, a digit or an underscore is at a position."""
    if position >= end:
        return False
    point, _ = code_point(data, position)
    return (kinds[point] & ALPHANUMERIC) != 0 or point == UNDERSCORE


@numba.njit
def skip_digits(data: Any, position: int, end: int, kinds: Any) -> int:
    while position < end:
        point, following = code_point(data, position)
        if not kinds[point] & DIGIT:
            break
        position = following
    return position


@numba.njit(inline="always")
def skip_hexadecimal(data: Any, position: int, end: int) -> int:
    while position < end and (
        0x30 <= data[position] <= 0x39 or 0x41 <= data[position] <= 0x46 or 0x61 <= data[position] <= 0x66
    ):
        position += 1
    return position


@numba.njit(inline="always")
def end_of_exponent(data: Any, position: int, end: int, kinds: Any) -> int:
    """Where an exponent ends that starts at a position; the position itself where none does."""
    if position >= end or data[position] not in (SMALL_E, LARGE_E):
        return position
    digits = position + 1
    if digits < end and data[digits] in (PLUS, MINUS):
        digits += 1
    after = skip_digits(data, digits, end, kinds)
    return after if after > digits else position


@numba.njit
def end_of_number(data: Any, start: int, end: int, kinds: Any) -> int:
    """Where the number ends that starts with the digit at ``start``; ``start`` where there is none."""
    if data[start] == ZERO and start + 1 < end and data[start + 1] == SMALL_X:
        after = skip_hexadecimal(data, start + 2, end)
        if after > start + 2 and not in_word(data, after, end, kinds):
            return after
    boundary = start  # the last place inside digits and points where the two meet
    position = start
    after = skip_digits(data, position, end, kinds)
    while after < end and data[after] == POINT:
        if after > position:
            boundary = after
        position = after + 1
        after = skip_digits(data, position, end, kinds)
        if after > position:
            boundary = position
    after_exponent = end_of_exponent(data, after, end, kinds)
    if after_exponent > after and not in_word(data, after_exponent, end, kinds):
        return after_exponent
    after_digit = after > position
    return after if after_digit != in_word(data, after, end, kinds) else boundary
