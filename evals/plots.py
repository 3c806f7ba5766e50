"""Plots of evaluations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Loss(Protocol):
    @property
    def bits_per_byte(self) -> float: ...


def plot_bits_per_byte(losses: Mapping[str, Mapping[str, Loss]], path: Path) -> None:
    """A line for each domain over the boundaries of a run, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    boundaries = list(losses)
    for domain in losses[boundaries[0]]:
        values = [losses[boundary][domain].bits_per_byte for boundary in boundaries]
        axes.plot(boundaries, values, marker="o", label=f"{domain}, in the end {values[-1]:.2f}")
    axes.set_ylabel("bits per byte, held-out documents")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)
