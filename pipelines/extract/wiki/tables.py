"""Tables as lines: the caption, then one line for each row, its cells parted by `` | ``.

https://www.mediawiki.org/wiki/Help:Tables
"""

import re
from collections.abc import Iterable, Iterator

from pipelines.extract.wiki.marks import DROPPED, LINE_BREAK

TABLE = re.compile(r"[:\s]*\{\|")
ROW_SPAN = re.compile(r"rowspan\s*=\s*[\"']?\s*(\d{1,3})", re.IGNORECASE)
MAX_DEPTH = 8  # of tables in tables
MAX_REPEATED_CELLS = 8  # of a row; with the next bound this keeps the text in proportion to the markup
MAX_REPEATED_CHARACTERS = 40  # of a cell that spans rows
CELLS = {"|": re.compile(r"\|\|"), "!": re.compile(r"\|\||!!")}


class Table:
    """A table that is being read, line by line."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._cells: list[str] = []
        self._spans: dict[int, tuple[int, str]] = {}  # by column: how many more rows a cell fills, and its text

    def read(self, line: str) -> None:
        """One line between the table's first and its last."""
        if line.startswith("|-"):
            self._end_row()
        elif line.startswith("|+"):
            self._end_row()
            self._cells.append(content(line[2:], " "))
            self._end_row()
        elif line.startswith(("|", "!")):
            separator = " " if line[0] == "!" else "; "
            for cell in CELLS[line[0]].split(line[1:]):
                self._begin_cell(cell, separator)
        else:
            self.append(line)

    def append(self, line: str) -> None:
        """One more line of the cell that is open."""
        text = one_line(line.lstrip("*#:; "))
        if text and self._cells:
            self._cells[-1] = f"{self._cells[-1]}{'; ' if line.startswith(('*', '#')) else ' '}{text}".lstrip("; ")

    def take_in(self, rows: list[str]) -> None:
        """The lines of a table inside of this one, which end the row that they are in."""
        self._end_row()
        self._lines += rows

    def rows(self) -> list[str]:
        """The table's lines; ends it."""
        self._end_row()
        return self._lines

    def _begin_cell(self, cell: str, separator: str) -> None:
        self._fill_from_above()
        text = content(cell, separator)
        span = ROW_SPAN.search(cell.partition("|")[0]) if "|" in cell else None
        if span and len(text) <= MAX_REPEATED_CHARACTERS and len(self._spans) < MAX_REPEATED_CELLS:
            self._spans[len(self._cells)] = (int(span[1]), text)
        self._cells.append(text)

    def _fill_from_above(self) -> None:
        while (span := self._spans.get(len(self._cells))) is not None:
            self._cells.append(span[1])

    def _end_row(self) -> None:
        if not self._cells:
            return
        self._fill_from_above()
        self._spans = {column: (left - 1, text) for column, (left, text) in self._spans.items() if left > 1}
        if any(self._cells):
            self._lines.append(" | ".join(self._cells))
        self._cells = []


def content(cell: str, separator: str) -> str:
    """The text of a cell, without its attributes; ``separator`` takes the place of line breaks."""
    attributes, pipe, text = cell.partition("|")
    lines = (one_line(line) for line in (text if pipe else attributes).split(LINE_BREAK))
    return separator.join(line for line in lines if line)


def one_line(text: str) -> str:
    return " ".join(text.replace(LINE_BREAK, " ").replace(DROPPED, "").split())


def flatten_tables(lines: Iterable[str]) -> Iterator[str]:
    """Lines, with each table as one, its rows parted by breaks; a table inside another parts its rows."""
    tables: list[Table] = []
    for line in lines:
        stripped = line.strip()
        if len(tables) < MAX_DEPTH and TABLE.match(line):
            tables.append(Table())
        elif not tables:
            yield line
        elif stripped.startswith("|}"):
            yield from close(tables)
            if not tables:
                yield stripped[2:]
        else:
            tables[-1].read(stripped)
    while tables:
        yield from close(tables)


def close(tables: list[Table]) -> Iterator[str]:
    """Ends the innermost table: its lines, or, inside another, lines of that one."""
    rows = tables.pop().rows()
    if tables:
        tables[-1].take_in(rows)
    else:
        yield from ("", LINE_BREAK + LINE_BREAK.join(rows), "")
