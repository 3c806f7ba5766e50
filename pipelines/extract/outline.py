"""Nested JSON sections to a readable article."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

TAG = re.compile(r"<[^>]{1,200}>")
NO_NAMES = ("text", "note")  # what a leaf is called where it needs no name
BREAK = re.compile(r"<(br|p|/p|li)\b[^>]*>", re.IGNORECASE)


def outline_text(title: str, outline: Mapping[str, Any]) -> str:
    """A title, then each top-level key as a section with one line for each thing in it."""
    sections = [heading.strip() + "\n\n" + "\n".join(leaves(body)) for heading, body in outline.items()]
    return "\n\n".join([title, *sections])


def leaves(value: Any) -> Iterator[str]:
    """What a mapping holds, ``name: text`` each; nested things follow each other after a semicolon."""
    if not isinstance(value, Mapping):
        yield plain(str(value))
        return
    for name, child in value.items():
        text = "; ".join(leaves(child))
        yield text if name.strip() in NO_NAMES else f"{plain(name).rstrip(':')}: {text}"


def plain(text: str) -> str:
    """Text without HTML tags and entities, on one line."""
    return " ".join(html.unescape(TAG.sub("", BREAK.sub(" ", text))).split())
