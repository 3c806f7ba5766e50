"""Text of documents on a terminal: whatever a page holds, it is shown as text and steers nothing."""

from rich.padding import Padding
from rich.text import Text

MOST_LINES = 16
JOINERS = "\u200c\u200d"  # invisible, but part of how Persian, Hindi and some emoji are written
INDENT = 4


def visible(text: str) -> str:
    """A text without characters that steer a terminal or turn its direction; each is replaced by U+FFFD.

    Spaces of any kind and tabs become a space; line breaks stay.
    """
    return "".join(visible_character(character) for character in text)


def visible_character(character: str) -> str:
    if character.isprintable() or character == "\n" or character in JOINERS:
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def one_line(text: str) -> Text:
    """A text in one line of words, to stand among others."""
    return Text(" ".join(visible(text).split()), overflow="fold")


def block(text: str, num_bytes: int) -> Padding:
    """The first lines of a text, without empty ones, indented; what follows of its ``num_bytes`` is said."""
    lines = [line.rstrip() for line in visible(text).split("\n") if line.strip()]
    shown = "\n".join(lines[:MOST_LINES])
    body = Text(shown, overflow="fold")
    if len(lines) > MOST_LINES or len(text.encode()) < num_bytes:
        body.append(f" … ({num_bytes:,} bytes in all)", style="dim")
    return Padding(body, (0, 0, 0, INDENT), expand=False)
