"""The plot of dedup's growth: time and memory over the number of documents."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.dedup_growth.growth import MEMORY_LIMIT, GrowthPoint


def plot_growth(points: Sequence[GrowthPoint], path: Path) -> None:
    """Write the plot as PNG; thin lines show growth in proportion to the largest size, and the limit of memory."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    sizes = [point.num_documents for point in points]
    seconds = [point.cpu_seconds for point in points]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    left.plot(sizes, seconds, marker="o", label="measured")
    left.plot(sizes, [seconds[-1] * size / sizes[-1] for size in sizes], linewidth=0.7, label="in proportion")
    left.set(title="processor seconds, one core", yscale="log")
    right.plot(sizes, [point.peak_bytes / 1e6 for point in points], marker="o", label="measured")
    right.axhline(MEMORY_LIMIT / 1e6, linewidth=0.7, color="grey", label="limit")
    right.set(title="peak memory of all processes, MB", ylim=(0, MEMORY_LIMIT / 1e6 * 1.1))
    for axis in (left, right):
        axis.set(xlabel="documents", xscale="log")
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
