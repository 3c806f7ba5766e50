"""The plot of quadrants, as a PNG file with the same bytes for the same input."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quality.classifier.plots import COLOURS
from quality.perplexity.assigned import Assigned
from quality.perplexity.quantiles import QUADRANT_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_POINTS = 20_000


def plot_quadrants(path: Path, assigned: Assigned) -> None:
    """Each domain's tokens by quadrant, and perplexity against PD with the thresholds of the largest stratum."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.6), layout="constrained")
    shares, scatter = figure.subplots(1, 2)
    plot_shares(shares, assigned)
    plot_stratum(scatter, assigned, largest_stratum(assigned))
    figure.legend(
        *shares.get_legend_handles_labels(), loc="outside lower center", ncols=len(QUADRANT_NAMES), frameon=False
    )
    figure.savefig(path, dpi=110, metadata={"Software": None})


def plot_shares(axes: "Axes", assigned: Assigned) -> None:
    """A bar for each domain and one for all, as shares of tokens."""
    by_domain = {"all": assigned.sizes(assigned.scored)} | assigned.sizes_by("domain")
    names = list(reversed(by_domain))
    left = np.zeros(len(names))
    totals = [sum(size["num_tokens"] for size in by_domain[name].values()) for name in names]
    for quadrant, colour in zip(QUADRANT_NAMES, COLOURS, strict=False):
        widths = np.array([by_domain[name][quadrant]["num_tokens"] for name in names]) / totals
        axes.barh(names, widths, left=left, color=colour, label=quadrant)
        left += widths
    axes.set(xlabel="share of tokens", xlim=(0, 1))


def plot_stratum(axes: "Axes", assigned: Assigned, stratum: str) -> None:
    """Evenly chosen documents of one stratum, each at its perplexity and PD."""
    members = np.flatnonzero(assigned.scored & (assigned.strata == stratum))
    shown = members[:: -(-len(members) // MAX_POINTS)]
    colours = np.array(COLOURS)[assigned.quadrants[shown]]
    axes.scatter(np.exp(assigned.nll[shown]), assigned.pd[shown], s=4, c=colours, alpha=0.5, linewidths=0)
    cut = assigned.cuts[stratum]
    middle = float(np.exp(cut.nll.value))
    axes.axvline(middle, color="black", linewidth=1)
    low, high = np.exp(assigned.nll[shown]).min(), np.exp(assigned.nll[shown]).max()
    axes.hlines(cut.pd_of_low_ppl.value, low, middle, color="black", linewidth=1)
    axes.hlines(cut.pd_of_high_ppl.value, middle, high, color="black", linewidth=1)
    axes.set(xscale="log", xlabel=f"perplexity of the {assigned.declaration.perplexity_of} model")
    axes.set(ylabel="perplexity difference", ylim=np.quantile(assigned.pd[shown], [0.005, 0.995]).tolist())
    axes.set_title(f"{stratum}: {len(members):,} documents")


def largest_stratum(assigned: Assigned) -> str:
    """The stratum with the most scored tokens, the first by name among equals."""
    tokens = {stratum: assigned.size(assigned.scored & (assigned.strata == stratum)) for stratum in assigned.cuts}
    return max(tokens, key=lambda stratum: tokens[stratum]["num_tokens"])
