"""Bars of equal length in a plot, each divided into the same series."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.colours import Colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_LABELLED = 0.08  # of a bar


def draw_shares(axes: "Axes", amounts: Mapping[str, Mapping[str, int]], colours: Mapping[str, Colour]) -> None:
    """A bar for each label from the top down, with the share of each series in it.

    Args:
        amounts: by label, then by series; those of a label are not all 0.
        colours: by series, in the order in which they are drawn.
    """
    labels = list(amounts)
    left = [0.0 for _ in labels]
    for name, colour in colours.items():
        widths = [of.get(name, 0) / sum(of.values()) for of in amounts.values()]
        bars = axes.barh(labels, widths, left=left, color=colour.fill, label=name, height=0.72)
        numbers = [f"{width:.0%}" if width >= LEAST_LABELLED else "" for width in widths]
        axes.bar_label(bars, numbers, label_type="center", color=colour.ink, fontsize="small")
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False)
