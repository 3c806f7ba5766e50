"""Plots of quadrants, as PNG files with the same bytes for the same input."""

from pathlib import Path

import numpy as np

from pipelines.colours import AMBER, GREEN, RED, SLATE
from pipelines.png import new_figure, save
from quality.perplexity.assigned import Assigned
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.share_bars import draw_shares

QUADRANT_COLOURS = dict(zip(QUADRANT_NAMES, (GREEN, AMBER, RED, SLATE), strict=True))
MAX_POINTS = 20_000
SHOWN_PD = (0.002, 0.998)  # quantiles: a few documents far out would leave no room for the others
MARGIN = 0.05  # of the height


def plot_quadrants(path: Path, assigned: Assigned) -> None:
    """Perplexity against PD in the largest stratum, evenly chosen documents, with its thresholds."""
    stratum = largest_stratum(assigned)
    members = np.flatnonzero(assigned.scored & (assigned.strata == stratum))
    shown = members[:: -(-len(members) // MAX_POINTS)]
    perplexity, pd = np.exp(assigned.nll[shown]), assigned.pd[shown]
    figure = new_figure(4.4)
    axes = figure.subplots()
    for number, (name, colour) in enumerate(QUADRANT_COLOURS.items()):
        own = assigned.quadrants[shown] == number
        axes.scatter(perplexity[own], pd[own], s=4, color=colour.fill, alpha=0.5, linewidths=0, label=name)
    cut = assigned.cuts[stratum]
    middle = float(np.exp(cut.nll.value))
    axes.axvline(middle, color="black", linewidth=1)
    axes.hlines(cut.pd_of_low_ppl.value, perplexity.min(), middle, color="black", linewidth=1)
    axes.hlines(cut.pd_of_high_ppl.value, middle, perplexity.max(), color="black", linewidth=1)
    lowest, highest = np.quantile(pd, SHOWN_PD).tolist()
    margin = MARGIN * (highest - lowest) or MARGIN
    axes.set(xscale="log", xlabel=f"perplexity (ppl) of the {assigned.declaration.perplexity_of} model")
    axes.set(ylabel="perplexity difference (pd)", ylim=(lowest - margin, highest + margin))
    axes.set_title(f"{stratum}: {len(members):,} documents", loc="left", fontsize=9)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, markerscale=3, fontsize=9
    )
    save(figure, path)


def plot_quadrant_shares(path: Path, assigned: Assigned) -> None:
    """The share of scored tokens in each quadrant, of all documents and by domain."""
    sizes = {"all": assigned.sizes(assigned.scored)} | assigned.sizes_by("domain")
    amounts = {
        label: {name: size["num_tokens"] for name, size in by_quadrant.items()} for label, by_quadrant in sizes.items()
    }
    figure = new_figure(1.1 + 0.34 * len(amounts))
    axes = figure.subplots()
    draw_shares(axes, amounts, QUADRANT_COLOURS)
    axes.set_title("scored tokens", loc="left", fontsize=9)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    save(figure, path)


def largest_stratum(assigned: Assigned) -> str:
    """The stratum with the most scored tokens, the first by name among equals."""
    tokens = {stratum: assigned.size(assigned.scored & (assigned.strata == stratum)) for stratum in assigned.cuts}
    return max(tokens, key=lambda stratum: tokens[stratum]["num_tokens"])
