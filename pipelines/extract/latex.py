r"""LaTeX to the text that a reader sees; formulas stay TeX, as ``$…$``, ``\[…\]`` or their environment."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from pipelines.extract import latex_names as names
from pipelines.extract.latex_source import expand_macros, group_end

DOCUMENT = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
TITLE = re.compile(r"\\title\s*(?:\[[^\]]*\]\s*)?(?=\{)")
TOKEN = re.compile(
    r"\\begin\s*\{(?P<begin>[A-Za-z]+)\*?\}"
    r"|\\end\s*\{(?P<end>[A-Za-z]+)\*?\}"
    r"|\\verb\*?(?P<mark>[^A-Za-z\s*])(?P<verb>[^\n]*?)(?P=mark)"
    r"|(?P<display>\$\$(?:[^$\\]|\\.|\$(?!\$)){1,5000}\$\$|\\\[(?:[^\\]|\\[^\[\]]){1,5000}\\\])"
    r"|(?P<inline>\$(?:[^$\\]|\\.){1,2000}\$|\\\((?:[^\\]|\\[^()]){1,2000}\\\))"
    r"|\\(?P<accent>[`'^\"~=.]|[uvHcdbrk](?![A-Za-z]))\s*(?P<letter>\{\s*\\?[A-Za-z]\s*\}|\\[ij](?![A-Za-z])|[A-Za-z])"
    r"|\\(?P<command>[A-Za-z]+)\*?[ \t]*"
    r"|\\(?P<symbol>.)"
    r"|(?P<sign>---?|``|''|[~{}&])",
    re.DOTALL,
)
OPTION = re.compile(r"\s{0,9}\[[^\[\]]{0,500}\]")
SIGNS = {"---": "—", "--": "–", "``": "“", "''": "”", "~": " ", "{": "", "}": "", "&": " "}
LINE = "\N{LINE SEPARATOR}"  # a line break that is shown
CONTROL_SYMBOLS = {"\\": LINE, "!": "", "/": "", "-": "", "@": "", "(": "", ")": "", "[": "", "]": ""}
SHOWN = {**names.SYMBOLS, "quad": " ", "qquad": " ", "par": "\n\n", "newline": LINE, "linebreak": LINE}
NOT_IN_FORMULAS = re.compile(r"\\label\{[^{}]*\}|\\(?:nonumber|notag)(?![A-Za-z])")

PARAGRAPH_BREAK = re.compile(r" ?\n\s*\n\s*")
SPACES = re.compile(r"[ \t]+")
NEWLINE = re.compile(r" ?\n ?")
LINE_BREAK = re.compile(f" ?{LINE} ?")
EMPTY_BRACKETS = re.compile(r" ?(?:\([\s,;]*\)|\[[\s,;]*\])")  # what references leave behind, as does the next
SPACE_BEFORE_SIGN = re.compile(r" +([,.;:])(?=\s|$)")
BLANK_LINES = re.compile(r"\n\n+")


class Piece(NamedTuple):
    """A piece of the text; a formula or a verbatim passage is kept as it is written."""

    text: str
    is_kept: bool = False


def latex_to_text(code: str) -> str:
    """The text of a LaTeX document without comments: its title, then what stands between its begin and end.

    References, citations, footnotes, figures, tables and the bibliography are left out.

    Raises:
        RecursionError: headings are nested in headings, hundreds deep.
    """
    code = expand_macros(code)
    document = DOCUMENT.search(code)
    title = TITLE.search(code)
    end = group_end(code, title.end()) if title else None
    heading = code[title.end() + 1 : end - 1] if title and end else ""
    return f"{joined(pieces(heading))}\n\n{joined(pieces(document[1] if document else code))}".strip()


def joined(found: Iterable[Piece]) -> str:
    """Pieces as text: paragraphs with a blank line between two, each of them on one line."""
    texts = []
    for is_kept, run in groupby(found, key=lambda piece: piece.is_kept):
        text = "".join(piece.text for piece in run)
        texts.append(text if is_kept else flowing(text))
    return BLANK_LINES.sub("\n\n", "".join(texts)).strip()


def flowing(prose: str) -> str:
    """Prose with its source's line breaks undone."""
    paragraphs = PARAGRAPH_BREAK.split(SPACES.sub(" ", prose))
    text = "\n\n".join(NEWLINE.sub(" ", paragraph) for paragraph in paragraphs)
    text = SPACE_BEFORE_SIGN.sub(r"\1", EMPTY_BRACKETS.sub("", text))
    return LINE_BREAK.sub("\n", text)


def pieces(code: str) -> Iterator[Piece]:
    """What a piece of LaTeX shows, in its order."""
    place = 0
    while token := TOKEN.search(code, place):
        if token.start() > place:
            yield Piece(code[place : token.start()])
        place = token.end()
        if token["begin"]:
            found, place = environment(code, token)
            yield from found
        elif token["command"]:
            found, place = command(code, token["command"], place)
            yield from found
        elif token["display"]:
            yield from standing_alone(token["display"])
        elif token["inline"] or token["verb"]:
            yield Piece(token["inline"] or token["verb"], is_kept=True)
        elif token["symbol"] == "\\":
            place = after_options(code, place)
            yield Piece(CONTROL_SYMBOLS["\\"])
        else:
            yield Piece(sign(token))
    yield Piece(code[place:])


def sign(token: re.Match[str]) -> str:
    """What the end of an environment, an accented letter or a sign shows."""
    if token["end"]:
        return "\n\n" if token["end"] in names.STATEMENTS else LINE
    if token["accent"]:
        letter = token["letter"].strip("{}\\ \n\t")
        return unicodedata.normalize("NFC", letter + names.ACCENTS[token["accent"]])
    if token["symbol"]:
        shown = CONTROL_SYMBOLS.get(token["symbol"], token["symbol"])
        return " " if shown in ",;: \n" else shown
    return SIGNS[token["sign"]] if token["sign"] else ""


def environment(code: str, token: re.Match[str]) -> tuple[list[Piece], int]:
    """What the beginning of an environment shows, or all of it where it is shown in one piece; and where to go on."""
    name = token["begin"]
    inside = token.end()
    if name in names.FORMULAS or name in names.VERBATIM or name in names.LEFT_OUT:
        closing = re.compile(rf"\\end\s*\{{{name}\*?\}}").search(code, inside)
        if closing is None:
            return [], inside
        if name in names.LEFT_OUT:
            return [Piece("\n")], closing.end()
        if name in names.VERBATIM:
            content = code[after_options(code, inside) : closing.start()].strip("\n")
            return [Piece("\n\n"), Piece(content, is_kept=True), Piece("\n\n")], closing.end()
        formula = NOT_IN_FORMULAS.sub("", code[inside : closing.start()]).strip()
        return list(standing_alone(shown_formula(name, formula))), closing.end()
    option = OPTION.match(code, inside)
    inside = option.end() if option else inside
    if name not in names.STATEMENTS:
        return [Piece("\n")], inside
    title = f" ({option.group().strip()[1:-1]})" if option else ""
    return [Piece("\n\n"), *pieces(f"{names.STATEMENTS[name]}{title}. ")], inside


def standing_alone(formula: str) -> Iterator[Piece]:
    yield Piece(LINE)
    yield Piece(formula, is_kept=True)
    yield Piece(LINE)


def shown_formula(name: str, formula: str) -> str:
    match name:
        case "equation" | "displaymath":
            return f"\\[{formula}\\]"
        case "math":
            return f"${formula}$"
        case "subequations":
            return formula
        case _:
            return f"\\begin{{{name}}}\n{formula}\n\\end{{{name}}}"


def command(code: str, name: str, place: int) -> tuple[list[Piece], int]:
    """What a command shows, and where to go on; one that is not known shows its arguments."""
    if name in names.HEADINGS or name == "url":
        return with_argument(code, name, after_options(code, place))
    if name in names.SHOW_NOTHING:
        return [], after_arguments(code, place)
    if name in names.SHOW_ALL_BUT_FIRST:
        return [], group_end(code, after_options(code, place)) or place
    if name == "item":
        option = OPTION.match(code, place)
        label = f"{option.group().strip()[1:-1]} " if option else ""
        return [Piece(f"{LINE}• "), *pieces(label)], option.end() if option else place
    shown = SHOWN.get(name)
    return [Piece(shown or "")], place if shown else after_options(code, place)


def with_argument(code: str, name: str, start: int) -> tuple[list[Piece], int]:
    """A heading or an address, whose argument opens at ``start``."""
    end = group_end(code, start)
    if end is None:
        return [], start
    argument = code[start + 1 : end - 1]
    if name == "url":
        return [Piece(argument, is_kept=True)], end
    return [Piece("\n\n"), *pieces(argument), Piece("\n\n")], end


def after_options(code: str, place: int) -> int:
    while option := OPTION.match(code, place):
        place = option.end()
    return place


def after_arguments(code: str, place: int) -> int:
    """The place behind all arguments that follow a command, optional ones too."""
    while True:
        place = after_options(code, place)
        end = group_end(code, place)
        if end is None:
            return place
        place = end
