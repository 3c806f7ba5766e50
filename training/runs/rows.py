"""Files of a run that hold a line of JSON for each step, or for some of its steps."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.whole_files import beside


def read_rows(path: Path) -> list[Any]:
    """The rows in order; none where there is no file, and a line that is still being written is left out."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row."""
    with path.open("a") as file:
        file.write(f"{json.dumps(row)}\n")


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write all rows whole, in place of those that are there."""
    with beside(path) as part:
        part.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
