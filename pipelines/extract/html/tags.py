"""The tags of a page, read from its bytes without parsing it; called from compiled code."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

NUM_BUCKETS = 4096  # of elements' names
BEFORE_NAME, AFTER_NAME, BEFORE_VALUE, IN_VALUE = range(4)  # where in a tag's attributes


def name_code(name: str) -> int:
    """An element's name as the number that ``read_name`` reads it as; exact for names of up to 12 letters."""
    code = 0
    for letter in name.encode():
        code = code * 37 + letter - 96
    return code


def name_table(names: str) -> NDArray[np.int64]:
    """Names, each in its bucket, 0 in the others: (NUM_BUCKETS,)."""
    table = np.zeros(NUM_BUCKETS, np.int64)
    for code in map(name_code, names.split()):
        table[code % NUM_BUCKETS] = code
    return table


@numba.njit(cache=True, nogil=True)
def read_name(data: Any, position: int) -> tuple[int, int]:
    """The code of the element's name at a position, 0 where there is none, and where it ends."""
    name = 0
    while position < len(data):
        letter = data[position] | 32
        if ord("a") <= letter <= ord("z"):
            name = (name * 37 + letter - 96) & 0x7FFFFFFFFFFFFFFF
        elif name != 0 and (ord("0") <= letter <= ord("9") or letter == ord("-")):
            name = (name * 37 + letter - 18) & 0x7FFFFFFFFFFFFFFF
        else:
            break
        position += 1
    return name, position


@numba.njit(cache=True, nogil=True)
def tag_end(data: Any, position: int) -> int:
    """Where the ``>`` of a tag stands, from the end of its name; one inside a quoted value is none.

    The last byte where it is missing.
    """
    quote = 0
    state = BEFORE_NAME
    while position < len(data):
        byte = data[position]
        if quote != 0:
            quote = 0 if byte == quote else quote
        elif byte == ord(">"):
            return position
        elif state == BEFORE_VALUE and byte in (ord('"'), ord("'")):
            quote = byte
            state = BEFORE_NAME
        elif state in (BEFORE_VALUE, IN_VALUE):
            state = IN_VALUE if byte > ord(" ") else (BEFORE_NAME if state == IN_VALUE else state)
        elif byte == ord("="):
            state = BEFORE_VALUE if state == AFTER_NAME else AFTER_NAME
        elif byte > ord(" "):
            state = AFTER_NAME if byte != ord("/") else BEFORE_NAME
        position += 1
    return len(data) - 1
