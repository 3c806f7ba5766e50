"""Ids as numbers: the 128 bits of xxh3 in two unsigned integers, in the order of their hexadecimal digits."""

from typing import Any

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NUM_DIGITS = 32
DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
VALUES = np.zeros(256, np.uint8)
VALUES[DIGITS] = np.arange(16)
ABSENT = -1


def parse_ids(ids: pa.StringArray) -> NDArray[np.uint64]:
    """Ids of 32 hexadecimal digits as uint64 [n, 2], the higher half first.

    Raises:
        ValueError: an id is of another length.
    """
    _, offsets, data = ids.buffers()
    starts = np.frombuffer(offsets, np.int32)[ids.offset : ids.offset + len(ids) + 1]
    if (np.diff(starts) != NUM_DIGITS).any():
        raise ValueError("an id has not 32 digits")
    digits = np.frombuffer(data or b"", np.uint8)[starts[0] : starts[-1]].reshape(len(ids), 16, 2)
    values = VALUES[digits]
    return (values[:, :, 0] << 4 | values[:, :, 1]).view(">u8").astype(np.uint64)


def format_ids(ids: NDArray[np.uint64]) -> pa.StringArray:
    """The hexadecimal digits of ids, uint64 [n, 2]."""
    octets = ids.astype(">u8").view(np.uint8).reshape(-1)
    digits = np.stack([DIGITS[octets >> 4], DIGITS[octets & 15]], axis=-1)
    starts = np.arange(0, NUM_DIGITS * len(ids) + 1, NUM_DIGITS, dtype=np.int32)
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(starts), pa.py_buffer(digits))


def pack_ids(ids: NDArray[np.uint64]) -> pa.FixedSizeBinaryArray:
    """Ids, uint64 [n, 2], as 16 bytes each."""
    return pa.Array.from_buffers(pa.binary(16), len(ids), [None, pa.py_buffer(ids.astype(">u8"))])


def unpack_ids(ids: pa.FixedSizeBinaryArray) -> NDArray[np.uint64]:
    """Ids of 16 bytes each as uint64 [n, 2]."""
    octets = np.frombuffer(ids.buffers()[1] or b"", ">u8")
    return octets[2 * ids.offset : 2 * (ids.offset + len(ids))].reshape(-1, 2).astype(np.uint64)


@numba.njit(cache=True, nogil=True)
def find_ids(ids: Any, wanted: Any) -> Any:
    """Where each wanted id stands among ascending ids, both uint64 [n, 2]; int64, ABSENT where it is not."""
    found = np.full(len(wanted), ABSENT, np.int64)
    for i in range(len(wanted)):
        high, low = wanted[i, 0], wanted[i, 1]
        first, last = 0, len(ids)
        while first < last:
            middle = (first + last) // 2
            if ids[middle, 0] < high or (ids[middle, 0] == high and ids[middle, 1] < low):
                first = middle + 1
            else:
                last = middle
        if first < len(ids) and ids[first, 0] == high and ids[first, 1] == low:
            found[i] = first
    return found
