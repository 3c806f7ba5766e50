"""Plots of scores, levels and buckets, as PNG files with the same bytes for the same input."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.colours import CATEGORIES, RED, SLATE, Colour
from pipelines.png import new_figure, save
from quality.bucketing.assign import Assigned
from quality.bucketing.fitted import Fitted
from quality.bucketing.holdings import Sizes, sizes_by
from quality.bucketing.levels import NUM_LEVELS, POOLED
from quality.bucketing.scored import by_level, column
from quality.share_bars import draw_shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUM_BINS = 60
NAMED_LEVELS = (1, 5, 10, 15, 18, 19)
LEVEL_TICKS = range(0, NUM_LEVELS, 2)
MOST_LABELS = 12  # of languages, or of sources, in one plot
DARK = 0.5  # the luminance below which what is written on an area is white


def bucket_colours(names: Sequence[str]) -> dict[str, Colour]:
    """A colour for each bucket, the best first: shades that stay in order for every kind of eyesight."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    colours = {}
    for name, colour in zip(names, colormaps["viridis"](np.linspace(0.9, 0.1, len(names))), strict=True):
        luminance = float(np.dot((0.3, 0.6, 0.1), colour[:3]))
        colours[name] = Colour(to_hex(colour), "white" if luminance < DARK else "black")
    return colours


def plot_scores(path: Path, fitted: Fitted) -> None:
    """The tokens over each scorer's score in the largest stratum, and the 19 scores at which its levels begin."""
    scorers = list(fitted.scored.scores)
    stratum = fitted.largest_stratum
    figure = new_figure(0.4 + 2.4 * len(scorers))
    for axes, scorer in zip(figure.subplots(len(scorers), squeeze=False)[:, 0], scorers, strict=True):
        used = stratum if (scorer, stratum) in fitted.thresholds.cuts else POOLED
        plot_distribution(axes, fitted, scorer, used)
    save(figure, path)


def plot_distribution(axes: "Axes", fitted: Fitted, scorer: str, stratum: str) -> None:
    scores = fitted.scored.scores[scorer]
    members = ~np.isnan(scores) & ((fitted.scored.strata == stratum) | (stratum == POOLED))
    axes.hist(scores[members], NUM_BINS, weights=fitted.num_tokens[members] / 1e3, color=SLATE.fill)
    for level, cut in enumerate(fitted.thresholds.cuts[scorer, stratum], 1):
        axes.axvline(cut.value, color=RED.fill, linewidth=0.6)
        if level in NAMED_LEVELS:
            axes.text(
                cut.value, 1.0, str(level), transform=axes.get_xaxis_transform(), ha="center", va="bottom", size=8
            )
    axes.set(xlabel=f"score of {scorer}; red: where a level begins", ylabel="thousand tokens")
    axes.set_title(f"{stratum}: {int(members.sum()):,} documents", loc="left", fontsize=9, pad=12)


def plot_levels(path: Path, fitted: Fitted) -> None:
    """The share of tokens at each level: of the maximum, and of each scorer alone."""
    figure = new_figure(3.2)
    axes = figure.subplots()
    axes.bar(range(NUM_LEVELS), shares(by_level(fitted.maximum, fitted.num_tokens)), color=SLATE.fill, label="maximum")
    colours = (colour.fill for colour in CATEGORIES[1:] * len(fitted.levels))
    for (scorer, levels), colour in zip(fitted.levels.items(), colours, strict=False):
        of_scorer = shares(by_level(levels, fitted.num_tokens))
        axes.plot(range(NUM_LEVELS), of_scorer, color=colour, marker="o", markersize=3, linewidth=1, label=scorer)
    axes.set(xlabel="level", ylabel="share of tokens", xticks=LEVEL_TICKS)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False)
    save(figure, path)


def plot_buckets(path: Path, assigned: Assigned, expected: Sequence[int]) -> None:
    """The bytes at each level, coloured by bucket, the levels at which buckets begin, and the shares when fitted.

    Args:
        expected: the bytes at each level of the documents that thresholds were fitted to.
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    num_bytes = assigned.scored.num_bytes
    total = int(num_bytes[assigned.is_placed].sum())
    colours = bucket_colours(list(assigned.members))
    for name, members in assigned.members.items():
        heights = np.array(by_level(assigned.maximum[members], num_bytes[members])) / 1e6
        label = f"{name} {1e6 * heights.sum() / max(total, 1):.1%}"
        axes.bar(range(NUM_LEVELS), heights, width=0.9, color=colours[name].fill, label=label)
    for bucket in assigned.buckets[:-1]:
        axes.axvline(bucket.min_level - 0.5, color="black", linewidth=1, linestyle="--")
    axes.step(
        np.arange(NUM_LEVELS),
        np.array(shares(expected)) * total / 1e6,
        where="mid",
        color=RED.fill,
        linewidth=1.2,
        label="when fitted",
    )
    axes.set(xlabel="level", ylabel="MB", xticks=LEVEL_TICKS)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    save(figure, path)


def plot_bucket_shares(path: Path, assigned: Assigned) -> None:
    """The share of bytes in each bucket, by source and by language, of those with the most bytes."""
    rows = assigned.scored.rows
    parts = {of: most_bytes(sizes_by(assigned, column(rows, of))) for of in ("source", "language")}
    heights = [len(part) for part in parts.values()]
    figure = new_figure(1.4 + 0.3 * sum(heights))
    for axes, (of, part) in zip(figure.subplots(len(parts), height_ratios=heights), parts.items(), strict=True):
        amounts = {f"{label}, {total / 1e3:,.1f} kB": by_bucket for label, (total, by_bucket) in part.items()}
        draw_shares(axes, amounts, bucket_colours(list(assigned.members)))
        axes.set_title(f"text, by {of}", loc="left", fontsize=9)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    save(figure, path)


def most_bytes(sizes: dict[str, Sizes]) -> dict[str, tuple[int, dict[str, int]]]:
    """The bytes of the MOST_LABELS largest labels, the largest first: all of them, and by bucket."""
    amounts = {
        label: {bucket: size["num_bytes"] for bucket, size in by_bucket.items()} for label, by_bucket in sizes.items()
    }
    totals = {label: sum(by_bucket.values()) for label, by_bucket in amounts.items()}
    largest = sorted(totals, key=lambda label: (-totals[label], label))[:MOST_LABELS]
    return {label: (totals[label], amounts[label]) for label in largest}


def shares(amounts: Sequence[int]) -> list[float]:
    """Amounts as shares of their sum."""
    return (np.array(amounts) / sum(amounts)).tolist()
