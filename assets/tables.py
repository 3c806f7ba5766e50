"""The terminal that commands print to, and the look of their tables."""

import sys

from rich.console import Console
from rich.table import Table

WIDE = 170  # columns, where the output is no terminal
WORDS = {
    *("domain", "dropped for", "source", "evidence", "field", "says", "recipe", "most epochs", "samples taken"),
    *("licence", "name in blends", "manifest", "hosts"),
}

console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def new_table(title: str, *columns: str) -> Table:
    """A table whose columns of numbers are right-aligned; what is said in words wraps."""
    table = Table(title=title, box=None, header_style="dim", title_style="bold", title_justify="left", pad_edge=False)
    for number, column in enumerate(columns):
        left = number == 0 or column in WORDS
        table.add_column(column, justify="left" if left else "right", no_wrap=column not in {"says", "dropped for"})
    return table
