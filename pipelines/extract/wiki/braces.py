"""Templates and internal links, rendered from the inside out in one pass over the markup.

The pairing of braces follows MediaWiki's preprocessor (https://www.mediawiki.org/wiki/Preprocessor_ABNF): a run of
closing braces ends the innermost open run, three by three for a parameter and else two by two for a template.
"""

import re
from collections.abc import Callable

TOKEN = re.compile(r"(\{\{+|\}\}+|\[\[|\]\]|\||\n\n)")
MAX_DEPTH = 40  # as in MediaWiki; what is nested deeper stays as it is written

Pieces = list[str]


class Frame:
    """An open template (``num_braces`` of 2 and more) or link (0), and the pieces of its arguments so far.

    The first piece of an argument is as it is written; what was rendered follows it.
    """

    __slots__ = ("arguments", "num_braces")

    def __init__(self, num_braces: int, first: str) -> None:
        self.num_braces = num_braces
        self.arguments: list[Pieces] = [[first]]

    def append(self, piece: str) -> None:
        self.arguments[-1].append(piece)

    def is_link_in_a_paragraph(self) -> bool:
        """Whether it is a link that ends with its paragraph at the latest; the caption of a file may hold several."""
        return not self.num_braces and ":" not in self.arguments[0][0]

    def unclosed(self) -> Pieces:
        """The pieces of a frame that never ends, its opening first."""
        pieces = ["{" * self.num_braces or "[["]
        for argument in self.arguments:
            pieces += argument
            pieces.append("|")
        return pieces[:-1]


class Expansion:
    """One pass over an article's markup.

    Args:
        template: renders a template from its name and arguments, positional ones under their number.
        link: renders what stands between two square brackets.
    """

    def __init__(self, template: Callable[[str, dict[str, str]], str], link: Callable[[str], str]) -> None:
        self._template = template
        self._link = link
        self._done: Pieces = []
        self._open: list[Frame] = []

    def expand(self, markup: str) -> str:
        """The markup with all templates and links rendered, in time linear in its length."""
        pieces = TOKEN.split(markup)
        self._done.append(pieces[0])
        for index in range(1, len(pieces), 2):
            self._read(pieces[index], pieces[index + 1])
        while self._open:
            self._give_up()
        return "".join(self._done)

    def _read(self, token: str, text: str) -> None:
        """One token and the text that follows it."""
        if token[0] == "{" and len(token) + self._depth() <= 2 * MAX_DEPTH:
            self._open.append(Frame(len(token), text))
        elif token == "[[" and self._depth() < 2 * MAX_DEPTH:
            self._open.append(Frame(0, text))
        elif token == "|" and self._open and self._open[-1].num_braces:
            self._open[-1].arguments.append([text])
        else:
            if token[0] == "}":
                token = self._close_braces(len(token))
            elif token == "]]":
                token = self._close_link()
            elif token == "\n\n":
                while self._open and self._open[-1].is_link_in_a_paragraph():
                    self._give_up()
            self._append(token)
            self._append(text)

    def _depth(self) -> int:
        return sum(frame.num_braces or 2 for frame in self._open)

    def _append(self, piece: str) -> None:
        if self._open:
            self._open[-1].append(piece)
        else:
            self._done.append(piece)

    def _give_up(self) -> None:
        """The innermost frame becomes text of the frame around it."""
        pieces = self._open.pop().unclosed()
        (self._open[-1].arguments[-1] if self._open else self._done).extend(pieces)

    def _close_link(self) -> str:
        if not self._open or self._open[-1].num_braces:
            return "]]"
        return self._link("".join(self._open.pop().arguments[0]))

    def _close_braces(self, num_closing: int) -> str:
        """Ends as many templates as a run of closing braces can; gives the braces that are left."""
        while num_closing >= 2 and any(frame.num_braces for frame in self._open):
            while not self._open[-1].num_braces:
                self._give_up()
            frame = self._open.pop()
            num_used = 3 if frame.num_braces >= 3 and num_closing >= 3 else 2
            rendered = self._parameter(frame) if num_used == 3 else self._rendered(frame)
            num_closing -= num_used
            num_left = frame.num_braces - num_used
            if num_left >= 2:
                self._open.append(Frame(num_left, ""))
                self._append(rendered)
            else:
                self._append("{" * num_left)
                self._append(rendered)
        return "}" * num_closing

    def _parameter(self, frame: Frame) -> str:
        """A parameter outside of a template has its default value."""
        return "".join(frame.arguments[1]) if len(frame.arguments) > 1 else ""

    def _rendered(self, frame: Frame) -> str:
        arguments: dict[str, str] = {}
        position = 1
        for first, *others in frame.arguments[1:]:
            name, equals, value = first.partition("=")
            if equals:
                arguments[name.strip()] = "".join([value, *others]).strip()
            else:
                arguments[str(position)] = "".join([first, *others]).strip()
                position += 1
        return self._template("".join(frame.arguments[0]), arguments)
