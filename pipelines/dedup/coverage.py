"""How much of a document stands in lines of survivors before it."""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

NONE = -1


class Lines(NamedTuple):
    """The repeated lines of n documents."""

    starts: NDArray[np.int64]  # [n + 1]: document i has the entries starts[i]:starts[i + 1]
    lines: NDArray[np.int32]  # [num_entries]: which line
    num_characters: NDArray[np.int32]  # [num_entries]: of all its occurrences in the document
    text_characters: NDArray[np.int32]  # [n]: of all lines of the document, repeated or not
    num_lines: int
    max_share: float


NOTHING = np.empty(0, np.int32)
NO_LINES = Lines(np.zeros(1, np.int64), NOTHING, NOTHING, NOTHING, 0, 1.0)  # of any number of documents


@numba.njit(cache=True, nogil=True)
def covered_share(document: int, lines: Any, owners: Any) -> tuple[int, float]:
    """The owner of most of a document's repeated characters, and their share of all, if that is large enough.

    Args:
        owners: int32 [num_lines]: the first survivor that holds each line, NONE while there is none.

    Returns:
        (NONE, 0) where the share is less than the largest allowed. Of owners of equally much, the most preferred.
    """
    if lines.num_lines == 0:
        return NONE, 0.0
    entries = slice(lines.starts[document], lines.starts[document + 1])
    owned_by = owners[lines.lines[entries]]
    num_characters = lines.num_characters[entries]
    covered = num_characters[owned_by != NONE].sum()
    total = lines.text_characters[document]
    if covered == 0 or covered < lines.max_share * total:
        return NONE, 0.0
    best, most = NONE, 0
    current, amount = NONE, 0
    for entry in np.argsort(owned_by):
        if owned_by[entry] != current:
            current, amount = owned_by[entry], 0
        amount += num_characters[entry]
        if current != NONE and amount > most:
            best, most = current, amount
    return best, covered / total


@numba.njit(cache=True, nogil=True)
def claim_lines(document: int, lines: Any, owners: Any) -> None:
    """Make a survivor the owner of its lines that have none."""
    if lines.num_lines == 0:
        return
    for line in lines.lines[lines.starts[document] : lines.starts[document + 1]]:
        if owners[line] == NONE:
            owners[line] = document
