"""Plots as PNG files, with the same bytes for the same input, readable at the width of a phone."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 5.6  # inches, of a plot that is read on half a page
DPI = 110


def new_figure(height: float, width: float = WIDTH) -> "Figure":
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(figure: "Figure", path: Path) -> None:
    """Write a figure without the version of the library that drew it."""
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
