"""Files that appear whole: written beside their place and renamed into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path to write to; what was written takes its place at the end, and is left where it is if that fails."""
    part = path.with_name(f"{path.name}.part")
    yield part
    part.rename(path)
