"""The signs that one stage leaves for a later one: control characters, which no article holds."""

import re

DROPPED = "\x1f"  # here stood something that is no prose
LINE_BREAK = "\x1e"  # a break inside a paragraph, a cell or an item
PROTECTED = re.compile("\x7f([0-9]+)\x7f")  # a text that no later stage may touch, by its number

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def without_control(markup: str) -> str:
    """Markup without control characters but tabs and newlines."""
    return CONTROL.sub("", markup.replace("\r\n", "\n"))


class ProtectedTexts:
    """Texts set aside under a mark until the article is put together."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def protect(self, text: str) -> str:
        """The mark that stands for a text."""
        self._texts.append(text)
        return f"\x7f{len(self._texts) - 1}\x7f"

    def restore(self, text: str) -> str:
        """A text with every mark replaced by what it stands for."""
        return PROTECTED.sub(lambda mark: self._texts[int(mark[1])], text)
