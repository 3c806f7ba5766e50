"""A picture of funnels: how what was read divides into what is kept and what was dropped, and for what."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.colours import (
    AMBER,
    GREEN,
    GREY,
    LIGHT_GREEN,
    LIGHT_SLATE,
    NAVY,
    PALE_GREEN,
    PURPLE,
    RED,
    SAND,
    SLATE,
)
from pipelines.filters import FILTER_REASONS
from pipelines.funnel.amount import Amount
from pipelines.funnel.build import LANGUAGE_REASONS
from pipelines.funnel.funnel import WAITING, Funnel
from pipelines.png import new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {  # what is kept first, then what was dropped, the last step's first
    "training shards": GREEN,
    "held out": LIGHT_GREEN,
    WAITING: PALE_GREEN,
    "not scored": GREY,
    "contaminated": PURPLE,
    "repeated lines": NAVY,
    "near duplicates": SLATE,
    "exact duplicates": LIGHT_SLATE,
    "filters": AMBER,
    "language": SAND,
    "not extracted": RED,
}
DUPLICATES = {"exact_duplicate": "exact duplicates", "repeated_lines": "repeated lines"}  # the others are near
LEAST_LABELLED = 0.06  # of a bar


def plot_funnels(path: Path, funnels: Sequence[Funnel]) -> None:
    """Write a PNG with a bar for each funnel, by documents on the left and by bytes on the right."""
    figure = new_figure(1.6 + 0.42 * len(funnels), width=12)
    documents, num_bytes = figure.subplots(1, 2, sharey=True)
    draw(documents, "documents", funnels, lambda amount: amount.num_documents, lambda read: f"{read:,}")
    draw(num_bytes, "bytes", funnels, lambda amount: amount.num_bytes, lambda read: f"{read / 1e6:,.1f} MB")
    documents.set_yticks(range(len(funnels)), [funnel.name for funnel in funnels])
    documents.invert_yaxis()
    figure.legend(*documents.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    save(figure, path)


def draw(
    axes: "Axes",
    unit: str,
    funnels: Sequence[Funnel],
    size: Callable[[Amount], int],
    describe: Callable[[int], str],
) -> None:
    """Draw what became of each funnel's records in one unit, as shares of what was read."""
    divided = [by_kind(funnel) for funnel in funnels]
    whole = [max(size(funnel.read), 1) for funnel in funnels]
    left = [0.0 for _ in funnels]
    for kind, colour in KINDS.items():
        if not any(kind in amounts for amounts in divided):
            continue
        widths = [size(amounts.get(kind, Amount())) / read for amounts, read in zip(divided, whole, strict=True)]
        bars = axes.barh(range(len(funnels)), widths, left=left, color=colour.fill, label=kind, height=0.72)
        numbers = [f"{width:.0%}" if width >= LEAST_LABELLED else "" for width in widths]
        axes.bar_label(bars, numbers, label_type="center", color=colour.ink, fontsize="small")
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for row, funnel in enumerate(funnels):
        axes.text(1.01, row, describe(size(funnel.read)), va="center", fontsize="small")
    axes.set_title(f"{unit} read", fontsize="medium")
    axes.set(xlim=(0, 1), xticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False)


def by_kind(funnel: Funnel) -> dict[str, Amount]:
    """What became of a funnel's records, by those of KINDS that there are."""
    amounts: defaultdict[str, Amount] = defaultdict(Amount)
    for kind, amount in kinds(funnel):
        amounts[kind] += amount
    return amounts


def kinds(funnel: Funnel) -> Iterator[tuple[str, Amount]]:
    for step, kind in ((funnel.training, "training shards"), (funnel.held_out, "held out")):
        for place, amount in step.kept.items():
            yield (WAITING if place == WAITING else kind), amount
    for reason, amount in funnel.buckets.dropped.items():
        yield ("filters" if reason in FILTER_REASONS else "not scored"), amount
    for amount in funnel.decontamination.dropped.values():
        yield "contaminated", amount
    for reason, amount in funnel.dedup.dropped.items():
        yield DUPLICATES.get(reason, "near duplicates"), amount
    for reason, amount in funnel.documents.dropped.items():
        kind = "language" if reason in LANGUAGE_REASONS else "filters" if reason in FILTER_REASONS else "not extracted"
        yield kind, amount
