"""Replacements of values: drawn by a keyed hash, put in place of what a kind's pattern found."""

from collections.abc import Callable, Iterable

from pipelines.digests import keyed_hash

KEY = "phaseline mask 1"  # another key gives other replacements; not a secret


def drawn(value: str) -> int:
    """A uniform 64-bit number that stands for a value."""
    return keyed_hash(value, KEY)


def replace_spans(
    text: str, spans: Iterable[tuple[int, int]], replacement: Callable[[str], str | None]
) -> tuple[str, int]:
    """A text with some of its parts replaced, and how many were.

    Args:
        spans: where the parts begin and end, in order, none inside another.
        replacement: gives the text that takes a part's place; None leaves the part as it is.
    """
    pieces = []
    position = num_replaced = 0
    for start, end in spans:
        new = replacement(text[start:end])
        if new is not None:
            pieces += [text[position:start], new]
            position = end
            num_replaced += 1
    return "".join([*pieces, text[position:]]) if num_replaced else text, num_replaced
