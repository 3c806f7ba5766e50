"""Plots of scores, levels and buckets, as PNG files with the same bytes for the same input."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quality.bucketing.assign import Assigned
from quality.bucketing.fitted import Fitted
from quality.bucketing.levels import NUM_LEVELS, POOLED
from quality.bucketing.scored import by_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUM_BINS = 60
BAR = "#5b6c8f"
LINE = "#b8452f"
NAMED_LEVELS = (1, 5, 10, 15, 18, 19)
DPI = 110


def plot_scores(path: Path, fitted: Fitted) -> None:
    """The tokens over each scorer's score in the largest stratum, and the 19 scores at which its levels begin."""
    from matplotlib.figure import Figure

    scorers = list(fitted.scored.scores)
    stratum = fitted.largest_stratum
    figure = Figure(figsize=(8, 0.4 + 2.6 * len(scorers)), layout="constrained")
    for axes, scorer in zip(figure.subplots(len(scorers), squeeze=False)[:, 0], scorers, strict=True):
        used = stratum if (scorer, stratum) in fitted.thresholds.cuts else POOLED
        plot_distribution(axes, fitted, scorer, used)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})


def plot_distribution(axes: "Axes", fitted: Fitted, scorer: str, stratum: str) -> None:
    scores = fitted.scored.scores[scorer]
    members = ~np.isnan(scores) & ((fitted.scored.strata == stratum) | (stratum == POOLED))
    axes.hist(scores[members], NUM_BINS, weights=fitted.num_tokens[members] / 1e6, color=BAR)
    for level, cut in enumerate(fitted.thresholds.cuts[scorer, stratum], 1):
        axes.axvline(cut.value, color=LINE, linewidth=0.6)
        if level in NAMED_LEVELS:
            axes.text(
                cut.value, 1.0, str(level), transform=axes.get_xaxis_transform(), ha="center", va="bottom", size=8
            )
    axes.set(xlabel=f"{scorer}; a line at the score at which each level begins", ylabel="million tokens")
    axes.set_title(f"{stratum}: {int(members.sum()):,} documents", loc="left", fontsize=9, pad=12)


def plot_levels(path: Path, fitted: Fitted) -> None:
    """The share of tokens at each level: of the maximum, and of each scorer alone."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(NUM_LEVELS), shares(by_level(fitted.maximum, fitted.num_tokens)), color=BAR, label="maximum")
    for scorer, levels in fitted.levels.items():
        of_scorer = shares(by_level(levels, fitted.num_tokens))
        axes.plot(range(NUM_LEVELS), of_scorer, marker="o", markersize=3, linewidth=1, label=scorer)
    axes.set(xlabel="level", ylabel="share of tokens", xticks=range(NUM_LEVELS))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})


def plot_buckets(path: Path, assigned: Assigned, expected: Sequence[int]) -> None:
    """The bytes at each level, coloured by bucket, the levels at which buckets begin, and the shares when fitted.

    Args:
        expected: the bytes at each level of the documents that thresholds were fitted to.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    num_bytes = assigned.scored.num_bytes
    total = int(num_bytes[assigned.is_placed].sum())
    colours = colormaps["viridis"](np.linspace(0.9, 0.1, len(assigned.members)))
    for (name, members), colour in zip(assigned.members.items(), colours, strict=True):
        heights = np.array(by_level(assigned.maximum[members], num_bytes[members])) / 1e6
        label = f"{name}: {heights.sum():.2f} MB, {1e6 * heights.sum() / max(total, 1):.1%}"
        axes.bar(range(NUM_LEVELS), heights, width=0.9, color=colour, label=label)
    for bucket in assigned.buckets[:-1]:
        axes.axvline(bucket.min_level - 0.5, color="black", linewidth=1, linestyle="--")
    axes.step(
        np.arange(NUM_LEVELS),
        np.array(shares(expected)) * total / 1e6,
        where="mid",
        color=LINE,
        linewidth=1.2,
        label="when fitted",
    )
    axes.set(xlabel="level", ylabel="MB", xticks=range(NUM_LEVELS))
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})


def shares(amounts: Sequence[int]) -> list[float]:
    """Amounts as shares of their sum."""
    return (np.array(amounts) / sum(amounts)).tolist()
