"""Plots of the page's figures for the pages of assets, as PNG files with the same bytes for the same input."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.funnel.plot import KINDS
from pipelines.png import new_figure, save
from quality.report.removals import Removals

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_duplicates(path: Path, removals: Removals) -> None:
    """How alike near duplicates are to what survives of them, and how large the clusters are."""
    figure = new_figure(5.2)
    similarity, sizes = figure.subplots(2, 1)
    draw_columns(similarity, removals.similarity, "Jaccard similarity to the survivor, from", "near duplicates")
    draw_columns(sizes, removals.sizes, "records removed for one survivor", "clusters")
    save(figure, path)


def draw_columns(axes: "Axes", numbers: Mapping[str, int], across: str, up: str) -> None:
    bars = axes.bar(list(numbers), list(numbers.values()), width=0.9, color=KINDS["near duplicates"].fill)
    axes.bar_label(bars, [f"{number:,}" for number in numbers.values()], fontsize="x-small")
    axes.tick_params(axis="x", labelsize="x-small")
    axes.set(xlabel=across, ylabel=up)
    axes.spines[["top", "right"]].set_visible(False)
