"""The lines of an article: headings, lists, and emphasis that text does not show."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.extract.wiki.marks import DROPPED, LINE_BREAK
from pipelines.extract.wiki.names import names

HEADING = re.compile(r"(={1,6})(.+?)\1[ \t]*")
LIST = re.compile(r"([*#:;]+)[ \t]*(.*)")
APOSTROPHES = re.compile(r"'{2,}")
RULE = re.compile(r"-{4,}")
APPARATUS = frozenset(
    names("""
    bibliography|citations|external links|footnotes|further reading|notes|notes and references|references|see also
    |sources|works cited|references and notes|notes and citations|footnotes and references|explanatory notes
    |general references|cited sources|einzelnachweise|literatur|weblinks|siehe auch|quellen|anmerkungen|références
    |notes et références|voir aussi|liens externes|bibliographie|articles connexes|referencias|véase también
    |enlaces externos|bibliografía|notas|notas y referencias|note|bibliografia|voci correlate|altri progetti
    |collegamenti esterni|referências|ver também|ligações externas|referenties|zie ook|externe links|bronnen
    |literatuur|externe link
""")
)


@dataclass(frozen=True)
class Heading:
    """A section's title and its level, 1 to 6."""

    level: int
    title: str


def read_lines(lines: Iterable[str]) -> Iterator[Heading | str]:
    """The headings and lines of an article: a paragraph on one line, lists with their bullets and numbers."""
    numbers: list[int] = []
    paragraph: list[str] = []
    for line in lines:
        heading = HEADING.fullmatch(line.replace(DROPPED, "").rstrip()) if line.startswith("=") else None
        item = LIST.fullmatch(line)
        numbers = counted(numbers, item[1]) if item else []
        in_paragraph = not (heading or item or line.startswith((" ", LINE_BREAK)) or is_empty(line))
        if paragraph and not in_paragraph:
            yield " ".join(paragraph)
            paragraph = []
        if in_paragraph:
            paragraph.append(without_emphasis(RULE.sub("", line, count=1) if line.startswith("----") else line))
        elif heading:
            yield Heading(len(heading[1]), without_emphasis(heading[2]).strip())
        elif item:
            yield from item_lines(item[1], without_emphasis(item[2]), numbers)
        else:
            yield without_emphasis(line)
    yield " ".join(paragraph)


def is_empty(line: str) -> bool:
    return not line.replace(DROPPED, "").strip()


def counted(numbers: list[int], marks: str) -> list[int]:
    """The number of the item at each depth, after one more item with these marks."""
    numbers = [*numbers[: len(marks)], *[0] * (len(marks) - len(numbers))]
    numbers[-1] += marks[-1] == "#"
    return numbers


def item_lines(marks: str, text: str, numbers: list[int]) -> Iterator[str]:
    """One item of a list, indented by its depth; a term and its definition are two lines."""
    indent = "  " * (len(marks) - 1)
    if is_empty(text):
        return
    match marks[-1]:
        case "*":
            yield f"{indent}• {text}"
        case "#":
            yield f"{indent}{numbers[-1]}. {text}"
        case ";" if " : " in text:
            yield from text.split(" : ", 1)
        case _:
            yield text


def without_emphasis(line: str) -> str:
    """A line without the apostrophes of bold and italic text.

    Where both kinds are unpaired, one bold is an apostrophe before an italic, as MediaWiki reads it (``''Nature'''s``).
    """
    if "''" not in line:
        return line
    runs = [len(run) for run in APOSTROPHES.findall(line)]
    num_italic = sum(run in (2, 5) for run in runs)
    num_bold = sum(run != 2 for run in runs)
    one_apostrophe = num_italic % 2 == 1 and num_bold % 2 == 1
    kept = []
    position = 0
    for run in APOSTROPHES.finditer(line):
        length = run.end() - run.start()
        num_kept = {2: 0, 3: 0, 4: 1, 5: 0}.get(length, length - 5)
        if length == 3 and one_apostrophe and run.start() and line[run.start() - 1] != " ":
            num_kept, one_apostrophe = 1, False
        kept += [line[position : run.start()], "'" * num_kept]
        position = run.end()
    return "".join([*kept, line[position:]])


def without_apparatus(parts: Iterable[Heading | str]) -> list[Heading | str]:
    """The parts of an article but those of its sections of references, and without headings that nothing follows."""
    kept: list[Heading | str] = []
    level_left_out = 7
    for part in parts:
        if isinstance(part, Heading):
            if part.level > level_left_out:
                continue
            level_left_out = part.level if part.title.lower() in APPARATUS else 7
            while kept and isinstance(kept[-1], Heading) and kept[-1].level >= part.level:
                kept.pop()
        if level_left_out < 7:
            continue
        if isinstance(part, Heading) or not is_empty(part):
            kept.append(part)
        elif kept and isinstance(kept[-1], str) and kept[-1]:
            kept.append("")
    while kept and (isinstance(kept[-1], Heading) or not kept[-1]):
        kept.pop()
    return kept
