"""The plot of growth: time to start, time to seek, and memory over the number of samples."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.growth.curves import SIZES, Curve, Point

CLOCK = 1e-6  # seconds; less is not told apart from nothing
PANELS: dict[str, Callable[[Point], float]] = {
    "seconds to the first batch": lambda point: point.start_seconds,
    "seconds to seek to the middle": lambda point: max(point.seek_seconds, CLOCK),
    "peak memory of the process, MB": lambda point: point.peak_bytes / 1e6,
}


def plot_growth(curves: Sequence[Curve], path: Path) -> None:
    """Write the plot as PNG. Where a limit ended a curve, a cross marks its last size."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(PANELS), figsize=(13, 4.5), layout="constrained")
    for axis, (title, value) in zip(axes, PANELS.items(), strict=True):
        for curve in curves:
            draw(axis, curve, value)
        axis.set(title=title, xlabel="samples", xscale="log", yscale="log", xlim=(SIZES[0] / 2, SIZES[-1] * 2))
        axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw(axis: Any, curve: Curve, value: Callable[[Point], float]) -> None:
    """One curve into one panel."""
    sizes = [point.num_samples for point in curve.points]
    values = [value(point) for point in curve.points]
    label = f"{curve.name}; more {curve.ended}" if curve.ended else curve.name
    (line,) = axis.plot(sizes, values, marker="o", label=label)
    if curve.ended:
        axis.plot(sizes[-1:], values[-1:], marker="x", markersize=12, color=line.get_color())
