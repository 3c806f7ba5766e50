"""A run's metrics: what is measured at each step, as rows of ``metrics.jsonl``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from training.runs.rows import read_rows, write_rows
from training.runs.run import Run
from training.sampling.order import Order


class SourceLoss(TypedDict):
    """The mean loss of a source's tokens in a step, in nats, and how many they were."""

    loss: float
    tokens: int


class StepMetrics(TypedDict):
    """What is measured at a step.

    ``step`` counts the steps done, this one included; ``tokens`` those seen by then; ``loss`` is the mean over the
    step's tokens in nats; ``seconds`` is the step's own time, without checkpoints, of which ``data_seconds`` were spent
    waiting for the loader. ``mfu`` is the share of the devices' peak that the model's FLOPs reach, if that is known.
    """

    step: int
    phase: str
    loss: float
    lr: float
    grad_norm: float
    tokens: int
    tokens_per_second: float
    seconds: float
    data_seconds: float
    loss_by_source: dict[str, SourceLoss]
    mfu: NotRequired[float]


@dataclass(frozen=True)
class Measured:
    """A step as the trainer measured it.

    ``losses`` are the sums over the tokens of each of the step's sequences, in nats, float64 of shape
    (global_batch_size,), in the order of their samples.
    """

    losses: npt.NDArray[np.float64]
    grad_norm: float


def step_metrics(order: Order, step: int, measured: Measured, seconds: float, data_seconds: float) -> StepMetrics:
    """The metrics of the step that makes ``step`` steps done."""
    manifest = order.manifest
    phase = manifest.phase_at(step - 1)
    return StepMetrics(
        step=step,
        phase=phase.name,
        loss=float(measured.losses.sum()) / phase.tokens_per_step,
        lr=manifest.lr(step - 1),
        grad_norm=measured.grad_norm,
        tokens=manifest.tokens_done(step),
        tokens_per_second=round(phase.tokens_per_step / seconds, 1),
        seconds=round(seconds, 4),
        data_seconds=round(data_seconds, 4),
        loss_by_source=loss_by_source(order, step, measured.losses),
    )


def loss_by_source(order: Order, step: int, losses: npt.NDArray[np.float64]) -> dict[str, SourceLoss]:
    """The loss of each source that has samples in a step; ``losses`` as in ``Measured``."""
    manifest = order.manifest
    samples = np.arange(manifest.samples_done(step - 1), manifest.samples_done(step))
    sources = order.windows(samples).source
    sums = np.bincount(sources, weights=losses)
    tokens = np.bincount(sources) * manifest.phase_at(step - 1).sequence_length
    return {
        manifest.sources[number].name: SourceLoss(
            loss=round(sums[number] / tokens[number], 5), tokens=int(tokens[number])
        )
        for number in np.flatnonzero(tokens).tolist()
    }


def scalars(metrics: StepMetrics) -> dict[str, float]:
    """The figures of a step by name, as plots by step know them: those of a source have its name after a slash."""
    plain = {key: value for key, value in metrics.items() if isinstance(value, int | float) and key != "step"}
    of_sources = {f"loss_by_source/{name}": source["loss"] for name, source in metrics["loss_by_source"].items()}
    return plain | of_sources


def read_metrics(path: Path) -> list[StepMetrics]:
    """The metrics of every step done, in order; a line that is still being written is left out."""
    not_measured = {"data_seconds": 0.0, "loss_by_source": {}}  # in rows of earlier versions
    return [not_measured | row for row in read_rows(path)]


def keep_metrics(run: Run, num_steps: int) -> None:
    """Keep what was measured and noted of the first ``num_steps`` steps; those after it will be trained again."""
    for path in (run.metrics, run.spikes):
        write_rows(path, [row for row in read_rows(path) if row["step"] <= num_steps])


def losses_by_phase(rows: Sequence[StepMetrics], last_share: float) -> dict[str, dict[str, float]]:
    """The mean loss of each source by phase, over the tokens of the last ``last_share`` of the phase's steps done."""
    phases: dict[str, list[StepMetrics]] = {}
    for row in rows:
        phases.setdefault(row["phase"], []).append(row)
    return {phase: mean_by_source(of[-max(1, round(last_share * len(of))) :]) for phase, of in phases.items()}


def mean_by_source(rows: Sequence[StepMetrics]) -> dict[str, float]:
    """The mean loss of each source over the tokens of some steps."""
    sums: dict[str, float] = {}
    tokens: dict[str, int] = {}
    for row in rows:
        for name, source in row["loss_by_source"].items():
            sums[name] = sums.get(name, 0.0) + source["loss"] * source["tokens"]
            tokens[name] = tokens.get(name, 0) + source["tokens"]
    return {name: sums[name] / tokens[name] for name in sums}
