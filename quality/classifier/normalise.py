"""What a quality classifier reads of a text: its words, and nothing of its form."""

import re
import unicodedata

WORD = re.compile(r"[^\W\d_]+")


def normalise(text: str, max_characters: int) -> str:
    """The words in the first ``max_characters`` of a text, lower-case, joined by single spaces.

    Digits, punctuation, line breaks and markup tell which source a text comes from more than how good it is, so a
    classifier that saw them would learn the format of its sources.
    """
    return " ".join(WORD.findall(unicodedata.normalize("NFKC", text[:max_characters]).lower()))
