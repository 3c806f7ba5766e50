"""What the page holds: a head, and a section for each subject."""

from collections.abc import Sequence
from dataclasses import dataclass

from quality.report.figures import Figure, Table


@dataclass(frozen=True)
class Section:
    """One subject.

    Args:
        anchor: its place in the page's address.
        says: what is to be seen in it, in a sentence or two.
        explains: the words that it uses, for who does not know them.
        missing: what it does not show because it has not been made, a sentence each.
    """

    anchor: str
    title: str
    says: str
    figures: Sequence[Figure] = ()
    explains: str = ""
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class Headline:
    """One of the large numbers at the top; ``is_alarming`` marks one that somebody has to look at."""

    number: str
    words: str
    is_alarming: bool = False


@dataclass(frozen=True)
class Page:
    """A whole page."""

    title: str
    says: str
    headlines: Sequence[Headline]
    versions: Table
    sections: Sequence[Section]
