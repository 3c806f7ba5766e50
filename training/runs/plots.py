"""The picture of a run: its loss, the loss of each source, and its learning rate, by step."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.whole_files import beside
from training.manifest import Manifest
from training.runs.colours import LOSS_COLOUR, LR_COLOUR, PHASE_COLOURS, SPIKE_COLOUR, colours_of, groups_of
from training.runs.curves import loss_curve, source_curves
from training.runs.incidents import Spike
from training.runs.metrics import StepMetrics
from training.runs.restarts import Restart
from training.runs.run import Beginning

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSS_POINTS = 2000
SOURCE_POINTS = 150  # few: a source has few samples in a step, so that its losses vary
RATE_POINTS = 2000


def plot_run(
    manifest: Manifest,
    rows: Sequence[StepMetrics],
    spikes: Sequence[Spike],
    restarts: Sequence[Restart],
    beginning: Beginning | None,
    path: Path,
) -> None:
    """Write a PNG, whole: phases are shaded and named up to the one that the run is in; spikes, restarts and the
    beginning in another run are marked.

    Args:
        rows: at least one.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8.5), layout="constrained")
    loss, sources, rate = figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 1])
    draw_loss(loss, rows, spikes)
    draw_sources(sources, manifest, rows)
    draw_rate(rate, manifest, rows)
    draw_phases((loss, sources, rate), manifest, rows)
    if beginning is not None:
        draw_marks((loss, sources, rate), [beginning.step], "D", f"until here {beginning.run}")
    if restarts:
        draw_marks((loss, sources, rate), [each["step"] for each in restarts], "^", f"restarts ({len(restarts)})")
    for axes in (loss, sources):
        axes.set_ylabel("loss (nats per token)")
        axes.grid(axis="y", color="0.9", linewidth=0.8)
    for axes in (loss, sources, rate):
        axes.spines[["top", "right"]].set_visible(False)
    for axes in (loss, sources):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper right", fontsize=8, framealpha=0.85, ncols=4)
    with beside(path) as part:
        figure.savefig(part, dpi=110, format="png")


def draw_loss(axes: "Axes", rows: Sequence[StepMetrics], spikes: Sequence[Spike]) -> None:
    """The loss, and a point for each spike."""
    curve = loss_curve(rows, LOSS_POINTS)
    axes.plot(curve.steps, curve.values, color=LOSS_COLOUR, linewidth=1.3)
    if spikes:
        steps, losses = [spike.step for spike in spikes], [spike.loss for spike in spikes]
        axes.plot(steps, losses, "o", color=SPIKE_COLOUR, markersize=5, label=f"spikes ({len(spikes)})")


def draw_sources(axes: "Axes", manifest: Manifest, rows: Sequence[StepMetrics]) -> None:
    """A line for the loss of each source, in the colours of the plan."""
    groups = groups_of(manifest)
    colours = colours_of(list(groups))
    names = {name: [manifest.sources[number].name for number in members] for name, members in groups.items()}
    for name, curve in source_curves(rows, names, SOURCE_POINTS).items():
        axes.plot(curve.steps, curve.values, color=colours[name], linewidth=1.3, marker=".", markersize=3, label=name)


def draw_rate(axes: "Axes", manifest: Manifest, rows: Sequence[StepMetrics]) -> None:
    """The learning rate that was used so far, and the one to come, paler."""
    done = rows[:: -(-len(rows) // RATE_POINTS)]
    first, end = rows[0]["step"] - 1, manifest.phase(rows[-1]["phase"]).end_step
    planned = range(rows[-1]["step"] - 1, end, -(-end // RATE_POINTS))
    axes.plot([step + 1 for step in planned], [manifest.lr(step) for step in planned], color=LR_COLOUR, alpha=0.3)
    axes.plot([row["step"] for row in done], [row["lr"] for row in done], color=LR_COLOUR, linewidth=1.4)
    axes.set_xlim(first, end)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("learning rate")
    axes.set_xlabel("step")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))


def draw_phases(panels: Sequence["Axes"], manifest: Manifest, rows: Sequence[StepMetrics]) -> None:
    """A shade for each phase from the first row's to the last one's, a line where it begins, and its name on top.

    Rows from before a branch may be of phases that only the other run's manifest knows.
    """
    firsts = [(rows[0]["step"] - 1, rows[0]["phase"])]
    firsts += [(row["step"] - 1, row["phase"]) for before, row in pairwise(rows) if row["phase"] != before["phase"]]
    ends = [first for first, _ in firsts[1:]] + [manifest.phase(rows[-1]["phase"]).end_step]
    for number, ((first, name), end) in enumerate(zip(firsts, ends, strict=True)):
        for axes in panels:
            axes.axvspan(first, end, color=PHASE_COLOURS[number % 2], zorder=0)
            if first:
                axes.axvline(first, color="0.35", linewidth=1, linestyle="--")
        panels[0].text(
            (first + end) / 2,
            1.01 + 0.06 * (number % 2 and len(firsts) > 4),
            f"{name} ({end - first:,} steps)",
            transform=panels[0].get_xaxis_transform(),
            ha="center",
            va="bottom",
        )


def draw_marks(panels: Sequence["Axes"], steps: Sequence[int], marker: str, label: str) -> None:
    """A mark on the axis of steps, and a thin line, at each of these."""
    for step in steps:
        for axes in panels:
            axes.axvline(step, color="0.45", linewidth=0.8, linestyle=":")
    panels[0].plot(
        steps,
        [0] * len(steps),
        marker,
        color="0.35",
        markersize=6,
        clip_on=False,
        transform=panels[0].get_xaxis_transform(),
        label=label,
    )
