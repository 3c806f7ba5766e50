"""Bounds on how deep a page's elements are nested and on how many attributes one has, before they are parsed.

Main-text extraction looks at the text below every element, so that its time grows with depth times size: 100,000 nested
elements keep it busy for hours. Browsers stop at 512 levels, and pages at a tenth of that. The parser compares each
attribute of an element with those before it, so that 200,000 of them keep it busy for minutes.
"""

from typing import Any

import numba
import numpy as np

from pipelines.extract.html.tags import NUM_BUCKETS, name_code, name_table, read_name, tag_end

DEEPEST = 256
MOST_ATTRIBUTES = 1000

# Elements without content, and those that a parser closes by itself: alone they cannot make a page deep.
VOID = "area base br col embed hr img input link meta param source track wbr"
CLOSED = "p li dt dd option optgroup tr td th thead tbody tfoot colgroup rt rp html head body"
UNCOUNTED = name_table(f"{VOID} {CLOSED}")
HTML, BODY = name_code("html"), name_code("body")  # of which there is one, to which all their tags add attributes


class DeepNestingError(ValueError):
    """A page's elements are nested deeper than ``DEEPEST``."""


class ManyAttributesError(ValueError):
    """An element of a page has more than ``MOST_ATTRIBUTES``."""


def check_nesting(data: bytes) -> None:
    """Refuse a page, in UTF-8, whose elements are nested too deep or have too many attributes.

    Raises:
        DeepNestingError: they are nested too deep.
        ManyAttributesError: one has too many.
    """
    page = np.frombuffer(data, np.uint8)
    if deepest_nesting(page, UNCOUNTED, np.zeros(NUM_BUCKETS, np.int32)) > DEEPEST:
        raise DeepNestingError(f"elements nested more than {DEEPEST} deep")
    if most_attributes(page) > MOST_ATTRIBUTES:
        raise ManyAttributesError(f"an element of more than {MOST_ATTRIBUTES:,} attributes")


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


@numba.njit(cache=True, nogil=True)
def most_attributes(data: Any) -> int:
    """The most attributes that an element of a page has; tags too short for ``MOST_ATTRIBUTES`` are not looked into.

    Args:
        data: the page, uint8.
    """
    most = of_one = position = 0
    while position < len(data) - 1:
        position += 1
        if data[position - 1] != ord("<"):
            continue
        name, start = read_name(data, position)
        if name == 0:
            continue
        position = tag_end(data, start)
        if name in (HTML, BODY):
            of_one += num_attributes(data[start:position])
        elif position - start > MOST_ATTRIBUTES:
            most = max(most, num_attributes(data[start:position]))
    return max(most, of_one)


@numba.njit(cache=True, nogil=True)
def num_attributes(tag: Any) -> int:
    """The attributes of a tag, from the end of its name to its ``>``."""
    number = position = 0
    while True:
        while position < len(tag) and (tag[position] <= ord(" ") or tag[position] == ord("/")):
            position += 1
        if position == len(tag):
            return number
        number += 1
        position = attribute_end(tag, position)


@numba.njit(cache=True, nogil=True)
def attribute_end(tag: Any, position: int) -> int:
    """Where the attribute ends that begins at a position; an equals sign there is part of its name."""
    position += 1
    while position < len(tag) and tag[position] > ord(" ") and tag[position] not in (ord("="), ord("/")):
        position += 1
    value = after_spaces(tag, position)
    if value == len(tag) or tag[value] != ord("="):
        return position
    position = after_spaces(tag, value + 1)
    quote = tag[position] if position < len(tag) else 0
    if quote in (ord('"'), ord("'")):
        position += 1
        while position < len(tag) and tag[position] != quote:
            position += 1
        return min(position + 1, len(tag))
    while position < len(tag) and tag[position] > ord(" "):
        position += 1
    return position


@numba.njit(cache=True, nogil=True)
def after_spaces(tag: Any, position: int) -> int:
    while position < len(tag) and tag[position] <= ord(" "):
        position += 1
    return position
