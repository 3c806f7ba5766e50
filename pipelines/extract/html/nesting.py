"""A bound on how deep a page's elements are nested, before they are parsed.

Main-text extraction looks at the text below every element, so that its time grows with depth times size: 100,000 nested
elements keep it busy for hours. Browsers stop at 512 levels, and pages at a tenth of that.
"""

from typing import Any

import numba
import numpy as np

from pipelines.extract.html.tags import NUM_BUCKETS, name_table, read_name, tag_end

DEEPEST = 256

# Elements without content, and those that a parser closes by itself: alone they cannot make a page deep.
VOID = "area base br col embed hr img input link meta param source track wbr"
CLOSED = "p li dt dd option optgroup tr td th thead tbody tfoot colgroup rt rp html head body"
UNCOUNTED = name_table(f"{VOID} {CLOSED}")


class DeepNestingError(ValueError):
    """A page's elements are nested deeper than ``DEEPEST``."""


def check_nesting(data: bytes) -> None:
    """Refuse a page, in UTF-8, whose elements are nested too deep.

    Raises:
        DeepNestingError: they are.
    """
    if deepest_nesting(np.frombuffer(data, np.uint8), UNCOUNTED, np.zeros(NUM_BUCKETS, np.int32)) > DEEPEST:
        raise DeepNestingError(f"elements nested more than {DEEPEST} deep")


@numba.njit(cache=True, nogil=True)
def deepest_nesting(data: Any, uncounted: Any, num_open: Any) -> int:
    """The most elements that are open at once, as far as they are counted. An end tag closes its own name alone.

    Args:
        data: the page, uint8.
        uncounted: the names that are not counted, as ``name_table`` gives them.
        num_open: scratch of zeros, (NUM_BUCKETS,) int32.
    """
    depth = deepest = position = 0
    while position < len(data) - 1 and deepest <= DEEPEST:
        position += 1
        if data[position - 1] != ord("<"):
            continue
        closing = data[position] == ord("/")
        name, end = read_name(data, position + closing)
        if name == 0:
            continue
        position = tag_end(data, end)
        bucket = name % NUM_BUCKETS
        if uncounted[bucket] == name:
            continue
        if not closing:
            num_open[bucket] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif num_open[bucket] > 0:
            num_open[bucket] -= 1
            depth -= 1
    return deepest
