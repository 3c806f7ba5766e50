"""What a reader hands on: text, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.rejection import Rejection

EXCERPT_BYTES = 800


class BrokenFileError(Exception):
    """A file, or the rest of it, cannot be read.

    Args:
        reason: what is counted.
        detail: what is wrong, for people.
        data: its bytes where they are at hand; their beginning is kept for people.
    """

    def __init__(self, reason: str, detail: Exception | str, data: bytes = b"") -> None:
        super().__init__(str(detail))
        self.reason = reason
        self.excerpt = data[:EXCERPT_BYTES]


@dataclass(frozen=True)
class Record:
    """One record of a source.

    Args:
        locator: the file inside the source and, after ``#``, the record in it; no two records of a source share one.
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
    return rejected(locator, data[:EXCERPT_BYTES], len(data), reason, error)


def rejected(
    locator: str, excerpt: bytes, num_bytes: int, reason: str, error: Exception | str, url: str | None = None
) -> Record:
    """A record that is dropped and of which only the beginning is at hand."""
    text = excerpt.decode("utf-8", "replace")
    return Record(locator, text, num_bytes, url, rejection=Rejection(reason, str(error)))


def decode(data: bytes) -> str:
    """The text of a file; raises BrokenFileError where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenFileError("invalid_utf8", error, data) from error
