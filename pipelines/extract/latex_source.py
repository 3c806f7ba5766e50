r"""LaTeX source made plain: without comments, and with the author's simple macros expanded."""

import re
from typing import NamedTuple

VERBATIM = r"\\begin\{(?P<name>verbatim\*?|Verbatim|lstlisting|minted|alltt)\}.*?\\end\{(?P=name)\}"
COMMENT = re.compile(rf"(?P<kept>{VERBATIM}|\\.)|^[ \t]*%[^\n]*(?:\n|\Z)|%[^\n]*", re.DOTALL | re.MULTILINE)
BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
MOST_GROUP_CHARACTERS = 4000
MOST_DEPTH = 25

DEFINITION = re.compile(
    r"\\(?:newcommand|renewcommand|providecommand|DeclareRobustCommand)\*?\s*\{?\s*\\(?P<command>[A-Za-z]+)\s*\}?"
    r"\s*(?:\[(?P<count>[1-9])\])?\s*(?=\{)"
    r"|\\def\s*\\(?P<defined>[A-Za-z]+)\s*(?=\{)"
    r"|\\DeclareMathOperator(?P<star>\*?)\s*\{?\s*\\(?P<operator>[A-Za-z]+)\s*\}?\s*(?=\{)"
)
PARAMETER = re.compile(r"#([1-9])")
TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|[^{}\\\s]", re.DOTALL)
COMMAND_AT_END = re.compile(r"\\[A-Za-z]+\Z")
MOST_COMMAND_CHARACTERS = 40
MOST_BODY_CHARACTERS = 500
MOST_PASSES = 5
MOST_GROWTH = 4  # of the text, by expanding macros


class Macro(NamedTuple):
    """What a macro stands for, with ``#1`` and so on in place of its arguments."""

    num_arguments: int
    body: str


def without_comments(code: str) -> str:
    """LaTeX without its comments; verbatim passages keep their percent signs."""
    return COMMENT.sub(lambda match: match["kept"] or "", code)


def group_end(code: str, start: int) -> int | None:
    """Where the group ends whose brace opens at ``start``; None where none opens, or it is very long or deep."""
    if code[start : start + 1] != "{":
        return None
    depth = 0
    for match in BRACE.finditer(code, start, start + MOST_GROUP_CHARACTERS):
        if match[0] == "{":
            depth += 1
            if depth > MOST_DEPTH:
                break
        elif match[0] == "}":
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def expand_macros(code: str) -> str:
    r"""LaTeX with the macros that it defines by \newcommand, \def and \DeclareMathOperator put into their places.

    Macros with an optional argument or a long body stay as they are, and so do all of them where the text would grow
    beyond ``MOST_GROWTH`` times its length.
    """
    macros, text = take_definitions(code)
    if not macros:
        return code
    use = re.compile(rf"\\({'|'.join(sorted(macros, key=lambda name: (-len(name), name)))})(?![A-Za-z])[ \t]*")
    most_characters = MOST_GROWTH * len(text) + MOST_GROUP_CHARACTERS
    expanded = text
    for _ in range(MOST_PASSES):
        before, expanded = expanded, expand_once(expanded, use, macros)
        if len(expanded) > most_characters:
            return text
        if expanded == before:
            break
    return expanded


def take_definitions(code: str) -> tuple[dict[str, Macro], str]:
    """The simple macros that a text defines, and the text without their definitions."""
    macros = {}
    kept = []
    place = 0
    while definition := DEFINITION.search(code, place):
        end = group_end(code, definition.end())
        if end is None:
            kept.append(code[place : definition.end()])
            place = definition.end()
            continue
        kept.append(code[place : definition.start()])
        place = end
        body = code[definition.end() + 1 : end - 1]
        if len(body) <= MOST_BODY_CHARACTERS and "@" not in body:
            name = definition["command"] or definition["defined"] or definition["operator"]
            body = rf"\operatorname{definition['star']}{{{body}}}" if definition["operator"] else body
            macros[name] = Macro(int(definition["count"] or 0), body)
    return macros, "".join([*kept, code[place:]])


def expand_once(code: str, use: re.Pattern[str], macros: dict[str, Macro]) -> str:
    kept = []
    place = 0
    while found := use.search(code, place):
        macro = macros[found[1]]
        arguments, end = take_arguments(code, found.end(), macro.num_arguments)
        if arguments is None:
            kept.append(code[place : found.end()])
        else:
            kept += [code[place : found.start()], with_arguments(macro.body, arguments)]
        place = end
    return glued([*kept, code[place:]])


def glued(parts: list[str]) -> str:
    """Parts in a row, with a space where a command would else swallow the letter behind it."""
    joined: list[str] = []
    for part in filter(None, parts):
        if joined and part[0].isalpha() and COMMAND_AT_END.search(joined[-1][-MOST_COMMAND_CHARACTERS:]):
            joined.append(" ")
        joined.append(part)
    return "".join(joined)


def take_arguments(code: str, start: int, count: int) -> tuple[list[str] | None, int]:
    """The arguments of a macro, and where they end; None where they are not all there."""
    arguments = []
    place = start
    for _ in range(count):
        while code[place : place + 1].isspace():
            place += 1
        end = group_end(code, place)
        token = TOKEN.match(code, place)
        if end is not None:
            arguments.append(code[place + 1 : end - 1])
            place = end
        elif token is not None:
            arguments.append(token.group())
            place = token.end()
        else:
            return None, start
    return arguments, place


def with_arguments(body: str, arguments: list[str]) -> str:
    def argument(match: re.Match[str]) -> str:
        number = int(match[1])
        return arguments[number - 1] if number <= len(arguments) else ""

    return PARAMETER.sub(argument, body)
