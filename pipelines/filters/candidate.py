"""A document on its way through the filters: text, and what several rules need of it, worked out once."""

import re
from dataclasses import dataclass
from functools import cached_property

PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


@dataclass
class Candidate:
    """A document that the rules judge. ``language`` is its natural or programming language."""

    text: str
    locator: str
    language: str

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()

    @cached_property
    def lines(self) -> list[str]:
        """The lines that are not blank, without the spaces around them."""
        return [line for line in map(str.strip, self.text.split("\n")) if line]

    @cached_property
    def paragraphs(self) -> list[str]:
        return [part for part in map(str.strip, PARAGRAPH_BREAK.split(self.text)) if part]
