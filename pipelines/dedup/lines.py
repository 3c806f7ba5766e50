"""The lines of texts, hashed straight from Arrow's buffers."""

from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.shingles import text_buffers
from pipelines.hashing import FNV_BASIS, FNV_PRIME, mix

NEWLINE = np.uint8(10)
BLANK = np.uint8(32)  # the last of ASCII's control characters and blanks
CONTINUATION = np.uint8(0x80)  # of a character of several bytes, under the mask 0xC0


class HashedLines(NamedTuple):
    """The longer lines of n texts, without the blank space around them."""

    hashes: NDArray[np.uint64]  # [num_lines]
    texts: NDArray[np.int32]  # [num_lines], ascending: which text each line stands in
    num_characters: NDArray[np.int32]  # [num_lines]
    text_characters: NDArray[np.int32]  # [n]: of all lines of a text, short ones included


def hash_lines(texts: pa.LargeStringArray, min_characters: int) -> HashedLines:
    """The lines of at least ``min_characters`` of each text."""
    data, starts = text_buffers(texts)
    most = int(starts[-1] - starts[0]) // min_characters
    hashes = np.empty(most, np.uint64)
    text_of, num_characters = np.empty(most, np.int32), np.empty(most, np.int32)
    text_characters = np.zeros(len(texts), np.int32)
    count = fill_lines(data, starts, min_characters, hashes, text_of, num_characters, text_characters)
    return HashedLines(hashes[:count], text_of[:count], num_characters[:count], text_characters)


@numba.njit(cache=True, nogil=True)
def fill_lines(
    data: Any, starts: Any, min_characters: int, hashes: Any, texts: Any, num_characters: Any, text_characters: Any
) -> int:
    """Fill the columns of HashedLines; returns the number of lines."""
    count = 0
    for text in range(len(starts) - 1):
        position = starts[text]
        while position < starts[text + 1]:
            first = position
            while position < starts[text + 1] and data[position] != NEWLINE:
                position += 1
            last = position
            position += 1
            while first < last and data[first] <= BLANK:
                first += 1
            while first < last and data[last - 1] <= BLANK:
                last -= 1
            line = FNV_BASIS
            length = 0
            for i in range(first, last):
                line = (line ^ np.uint64(data[i])) * FNV_PRIME
                length += (data[i] & 0xC0) != CONTINUATION
            text_characters[text] += length
            if length >= min_characters:
                hashes[count] = mix(line)
                texts[count] = text
                num_characters[count] = length
                count += 1
    return count
