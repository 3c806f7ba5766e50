"""The picture of a bill: the tokens of each source, stacked by phase."""

from collections import Counter
from pathlib import Path

from training.bill.bill import Bill
from training.runs.colours import MOST_DRAWN, colours_of

OTHERS = "others"


def plot_bill(bill: Bill, path: Path) -> None:
    """Write a PNG: a bar for each declared source, the one with most tokens on top, in which each phase has its colour.

    Where there are very many sources, those with fewest tokens are drawn as one.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter

    tokens = tokens_by_source(bill)
    sources = sorted(tokens, key=lambda source: tokens[source].total())
    colours = colours_of(list(bill.phases))
    figure = Figure(figsize=(9, 1.5 + 0.27 * len(sources)), layout="constrained")
    axes = figure.subplots()
    ends = [0] * len(sources)
    for phase in bill.phases:
        widths = [tokens[source][phase] for source in sources]
        axes.barh(sources, widths, left=ends, label=phase, color=colours[phase], edgecolor="white", linewidth=0.5)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    for row, end in enumerate(ends):
        axes.text(end, row, f" {end / bill.tokens:.1%}", va="center", fontsize=8)
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.set_xlabel(f"tokens, {bill.tokens:,} in {bill.steps:,} steps")
    axes.set_xlim(0, 1.1 * max(ends, default=1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=9)
    if sources:
        axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)


def tokens_by_source(bill: Bill) -> dict[str, Counter[str]]:
    """The tokens of each source that is drawn, by phase."""
    most = sorted(bill.sources, key=lambda name: -bill.sources[name].tokens)
    drawn = most if len(most) <= MOST_DRAWN else most[: MOST_DRAWN - 1]
    tokens: dict[str, Counter[str]] = {}
    for stretch in bill.stretches:
        for line in stretch.lines:
            of_source = tokens.setdefault(line.source if line.source in drawn else OTHERS, Counter())
            of_source.update({phase: taken.tokens for phase, taken in line.phases.items()})
    return tokens
