"""Plots of scores, as PNG files with the same bytes for the same input."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from quality.classifier.metrics import Floats, Labels

COLOURS = ("#1a7f5a", "#e0a63c", "#b8452f", "#5b6c8f", "#8a5a8f")
NUM_BINS = 40


def plot_classes(path: Path, labels: Labels, scores: Floats, area: float) -> None:
    """The distribution of scores of the positives and of the negatives, each with its own area of 1."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    bins = bins_of(scores)
    for name, label, colour in (("positives", 1, COLOURS[0]), ("negatives", 0, COLOURS[2])):
        of_class = scores[labels == label]
        axes.hist(of_class, bins, density=True, alpha=0.6, color=colour, label=f"{name} ({len(of_class):,})")
    axes.set(xlabel="score on documents that the model had not seen", ylabel="density")
    axes.set_title(f"AUC {area:.3f}")
    axes.legend()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def plot_buckets(
    path: Path,
    title: str,
    num_bytes: Mapping[str, Floats],
    scores: Mapping[str, Floats],
    thresholds: Mapping[str, float],
) -> None:
    """The bytes over the score, stacked by bucket, and the score at which each bucket begins.

    Args:
        num_bytes: of the documents in each bucket, shape (n,) each; the best bucket first.
        scores: of the same documents.
        thresholds: the least score in each bucket that holds documents.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    names = list(thresholds)
    axes.hist(
        [scores[name] for name in names],
        bins_of(np.concatenate([scores[name] for name in names])),
        weights=[num_bytes[name] / 1e6 for name in names],
        stacked=True,
        color=[COLOURS[index % len(COLOURS)] for index in range(len(names))],
        label=[f"{name} from {thresholds[name]:.3f}: {num_bytes[name].sum() / 1e6:.2f} MB" for name in names],
    )
    for name in names[:-1]:
        axes.axvline(thresholds[name], color="black", linewidth=1, linestyle="--")
    axes.set(xlabel="score", ylabel="MB", title=title)
    axes.legend()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def bins_of(scores: Floats) -> list[float]:
    """The edges of equal bins from the least score to the greatest."""
    return np.histogram_bin_edges(scores, NUM_BINS).tolist()
