"""The loss of a run as a picture, with its phases and its learning rate."""

from collections.abc import Sequence
from pathlib import Path

from training.manifest import Manifest
from training.metrics import StepMetrics

PHASE_COLOURS = ("#eef3fa", "#fdf1e3")
LOSS_COLOUR = "#1f4e8c"
LR_COLOUR = "#b5651d"


def plot_loss(manifest: Manifest, metrics: Sequence[StepMetrics], path: Path) -> None:
    """Write a PNG: loss by step above, learning rate by step below, each phase shaded and named."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.4), layout="constrained")
    loss, rate = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    steps = [row["step"] for row in metrics]
    loss.plot(steps, [row["loss"] for row in metrics], color=LOSS_COLOUR, linewidth=1.4)
    rate.plot(
        range(1, manifest.total_steps + 1),
        [manifest.schedule.lr(step) for step in range(manifest.total_steps)],
        color=LR_COLOUR,
        linewidth=1.4,
    )
    for number, phase in enumerate(manifest.phases):
        for axes in (loss, rate):
            axes.axvspan(phase.first_step, phase.end_step, color=PHASE_COLOURS[number % 2], zorder=0)
            if number:
                axes.axvline(phase.first_step, color="0.35", linewidth=1, linestyle="--")
        loss.text(
            (phase.first_step + phase.end_step) / 2,
            1.01,
            f"{phase.name} ({phase.num_steps} steps)",
            transform=loss.get_xaxis_transform(),
            ha="center",
            va="bottom",
        )
    loss.set_ylabel("loss (nats per token)")
    rate.set_ylabel("learning rate")
    rate.set_xlabel(f"step ({manifest.tokens_per_step:,} tokens each)")
    rate.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    rate.set_ylim(bottom=0)
    rate.set_xlim(0, manifest.total_steps)
    for axes in (loss, rate):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="0.9", linewidth=0.8)
    figure.savefig(path, dpi=130)
