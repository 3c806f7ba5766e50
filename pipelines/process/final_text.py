"""The form of a text that no later step changes: its id is the digest of it."""

import re
from collections.abc import Callable

SURROGATE = re.compile("[\ud800-\udfff]")


def normalise(text: str) -> str:
    """Text with ``\\n`` newlines, without NUL and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def unmasked(text: str) -> str:
    return text


def final_text(text: str, answer: str | None, mask: Callable[[str], str] = unmasked) -> tuple[str, int | None]:
    """A record's text and the answer after it, if it has one, normalised and then masked each.

    Returns:
        Both as one text, and where the answer begins in it, in bytes of UTF-8; None where there is none.
    """
    question = mask(normalise(text).lstrip("\n"))
    answer = mask(normalise(answer or "").strip("\n").rstrip())
    if not answer:
        return question.rstrip(), None
    return question + answer, len(question.encode())
