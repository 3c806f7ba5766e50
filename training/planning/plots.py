"""The picture of a plan."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from training.manifest import Manifest
from training.planning.plan import MOST_EPOCHS
from training.runs.colours import LR_COLOUR, colours_of, groups_of
from training.sampling.stretches import stretches

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RATES_DRAWN = 2000
UNITS = ((1e12, "trillion tokens"), (1e9, "billion tokens"), (1e6, "million tokens"), (1e3, "thousand tokens"))


def plot_plan(manifest: Manifest, path: Path) -> None:
    """Write a PNG: the share of each source over the run, the rate below, and the passes over each source beside them.

    Shades of one colour belong to one domain. Where there are very many sources, those cut from the same shards are
    drawn as one.
    """
    from matplotlib.figure import Figure

    groups = groups_of(manifest)
    colours = colours_of(list(groups))
    figure = Figure(figsize=(12, max(6.0, 1.8 + 0.24 * len(groups))), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[3, 1.25], height_ratios=[3, 1])
    blend = figure.add_subplot(grid[0, 0])
    rate = figure.add_subplot(grid[1, 0], sharex=blend)
    epochs = figure.add_subplot(grid[:, 1])
    scale, unit = unit_of(manifest.total_tokens)
    draw_blend(blend, manifest, groups, colours, scale)
    draw_rate(rate, manifest, scale)
    draw_epochs(epochs, manifest, groups, colours)
    draw_boundaries(blend, rate, manifest, scale)
    rate.set_xlabel(unit)
    figure.suptitle(f"{manifest.recipe}: {manifest.total_tokens:,} tokens in {manifest.total_steps:,} steps")
    figure.savefig(path, dpi=120)


def unit_of(tokens: int) -> tuple[float, str]:
    return next(((scale, unit) for scale, unit in UNITS if tokens >= scale), (1.0, "tokens"))


def draw_blend(
    axes: "Axes",
    manifest: Manifest,
    groups: Mapping[str, Sequence[int]],
    colours: Mapping[str, tuple[float, float, float]],
    scale: float,
) -> None:
    """Areas of the shares; where phases fade, a stretch's share is its middle's, so that the areas have slopes."""
    places: list[float] = []
    shares: list[list[float]] = []
    for stretch in stretches(manifest):
        first, end = (tokens_at(manifest, sample) / scale for sample in (stretch.first, stretch.end))
        places += [(first + end) / 2] if stretch.fades else [first, end]
        shares += [stretch.shares] * (1 if stretch.fades else 2)
    layers = [[100 * sum(share[number] for number in members) for share in shares] for members in groups.values()]
    axes.stackplot(places, layers, colors=[colours[name] for name in groups], edgecolor="white", linewidth=0.4)
    axes.set_ylim(0, 100)
    axes.set_xlim(0, manifest.total_tokens / scale)
    axes.set_ylabel("share of the samples (%)")
    axes.tick_params(labelbottom=False)
    axes.spines[["top", "right"]].set_visible(False)


def draw_rate(axes: "Axes", manifest: Manifest, scale: float) -> None:
    count = min(RATES_DRAWN, manifest.total_steps)
    steps = [number * (manifest.total_steps - 1) // max(count - 1, 1) for number in range(count)]
    axes.plot(
        [manifest.tokens_done(step + 1) / scale for step in steps],
        [manifest.lr(step) for step in steps],
        color=LR_COLOUR,
        linewidth=1.4,
    )
    axes.set_ylim(bottom=0)
    axes.set_ylabel("learning rate")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.9", linewidth=0.8)


def draw_epochs(
    axes: "Axes",
    manifest: Manifest,
    groups: Mapping[str, Sequence[int]],
    colours: Mapping[str, tuple[float, float, float]],
) -> None:
    """A bar for each source, in the order of the areas, from the top one down."""
    passes = [epochs_of(manifest, members) for members in groups.values()]
    bars = axes.barh(range(len(groups)), passes, color=[colours[name] for name in groups], height=0.72)
    axes.bar_label(bars, labels=[f"{value:.2f}" for value in passes], padding=3, fontsize=8)
    if max(passes) > MOST_EPOCHS:
        axes.axvline(MOST_EPOCHS, color="0.35", linewidth=0.9, linestyle=":")
    axes.set_yticks(range(len(groups)), [named(name, members) for name, members in groups.items()], fontsize=9)
    axes.set_xlim(0, 1.18 * max(passes))
    axes.set_ylim(-0.6, len(groups) - 0.4)
    axes.set_xlabel("epochs in all")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def draw_boundaries(blend: "Axes", rate: "Axes", manifest: Manifest, scale: float) -> None:
    """A line where each phase begins, and its name above it, at two heights in turn, so that short phases have room."""
    for number, phase in enumerate(manifest.phases):
        first, end = (manifest.tokens_done(step) / scale for step in (phase.first_step, phase.end_step))
        if phase.first_step:
            for axes in (blend, rate):
                axes.axvline(first, color="0.15", linewidth=1, linestyle="--")
        blend.text(
            (first + end) / 2,
            1.01 + 0.05 * (number % 2),
            phase.name,
            transform=blend.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=9,
        )


def tokens_at(manifest: Manifest, sample: int) -> int:
    """The tokens of the samples before one."""
    if sample == manifest.total_samples:
        return manifest.total_tokens
    step = manifest.step_of(sample)
    length = manifest.phase_at(step).sequence_length
    return manifest.tokens_done(step) + (sample - manifest.samples_done(step)) * length


def epochs_of(manifest: Manifest, members: Sequence[int]) -> float:
    """Passes over several sources as if they were one, those of the run that this one starts from included."""
    tokens = sum(
        manifest.sources[number].cursor
        + sum(phase.samples[number] * phase.sequence_length for phase in manifest.phases)
        for number in members
    )
    return tokens / (manifest.window_length * sum(manifest.sources[number].num_windows for number in members))


def named(name: str, members: Sequence[int]) -> str:
    return name if len(members) == 1 else f"{name} (in {len(members)} parts)"
