"""What a reader hands on: text, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.rejection import Rejection


@dataclass(frozen=True)
class Record:
    """One record of a source.

    Args:
        locator: the file inside the source and, after ``#``, the record in it.
        text: its text; of a rejected record what there is of it, for the excerpt.
        num_raw_bytes: the size of what the text was taken from; counted where no text came of it.
        url: where it was found, if known.
        language: its programming language; None where the language is to be identified.
        licence: its own licence (SPDX); None where the source's holds.
        repository: the repository that it belongs to, if known.
        answer: the part that follows ``text`` and is evaluated apart from it, such as the answer to a question.
        measures: what extraction measured, by name; becomes part of the document's attributes.
        rejection: why it could not be read, or None.
    """

    locator: str
    text: str
    num_raw_bytes: int
    url: str | None = None
    language: str | None = None
    licence: str | None = None
    repository: str | None = None
    answer: str | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    rejection: Rejection | None = None


def unreadable(locator: str, data: bytes, reason: str, error: Exception | str) -> Record:
    """A record that could not be read: counted with its bytes, and its beginning kept for people."""
    excerpt = data[:800].decode("utf-8", "replace")
    return Record(locator, excerpt, len(data), rejection=Rejection(reason, str(error)))
