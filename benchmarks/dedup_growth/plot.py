"""The plot of dedup's growth: time and memory over the number of documents."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.dedup_growth.growth import MEMORY_LIMIT, GrowthPoint


def plot_growth(points: Sequence[GrowthPoint], path: Path) -> None:
    """Write the plot as PNG; a thin line shows what proportional growth from the largest size would be."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    sizes = [point.num_documents for point in points]
    panels = {
        "processor seconds, one core": [point.cpu_seconds for point in points],
        "peak memory of all processes, MB": [point.peak_bytes / 1e6 for point in points],
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(10, 4.2), layout="constrained")
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        axis.plot(sizes, values, marker="o", label="measured")
        axis.plot(sizes, [values[-1] * size / sizes[-1] for size in sizes], linewidth=0.7, label="proportional")
        axis.set(title=title, xlabel="documents", xscale="log", yscale="log")
        axis.grid(alpha=0.3)
    axes[1].axhline(MEMORY_LIMIT / 1e6, linestyle="--", color="grey", label="target")
    axes[1].legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
