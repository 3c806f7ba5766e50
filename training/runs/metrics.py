"""A run's metrics: one line of JSON for each step, and the progress that they show."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from training.manifest import Manifest

SECONDS_BETWEEN_REPORTS = 5.0


class StepMetrics(TypedDict):
    """What is measured at a step.

    ``step`` counts the steps done, this one included; ``tokens`` those seen by then; ``loss`` is the mean over the
    step's tokens in nats; ``seconds`` is the step's own time, without checkpoints.
    """

    step: int
    phase: str
    loss: float
    lr: float
    grad_norm: float
    tokens: int
    tokens_per_second: float
    seconds: float


def step_metrics(manifest: Manifest, step: int, loss: float, grad_norm: float, seconds: float) -> StepMetrics:
    """The metrics of the step that makes ``step`` steps done."""
    phase = manifest.phase_at(step - 1)
    return StepMetrics(
        step=step,
        phase=phase.name,
        loss=loss,
        lr=manifest.lr(step - 1),
        grad_norm=grad_norm,
        tokens=manifest.tokens_done(step),
        tokens_per_second=round(phase.tokens_per_step / seconds, 1),
        seconds=round(seconds, 4),
    )


def read_metrics(path: Path) -> list[StepMetrics]:
    """The metrics of every step done, in order; a line that is still being written is left out."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def append_metrics(path: Path, metrics: StepMetrics) -> None:
    """Add a step's line."""
    with path.open("a") as file:
        file.write(f"{json.dumps(metrics)}\n")


def keep_metrics(path: Path, num_steps: int) -> None:
    """Keep the lines of the first ``num_steps`` steps; those after it will be measured again."""
    kept = "".join(f"{json.dumps(metrics)}\n" for metrics in read_metrics(path)[:num_steps])
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(kept)
    beside.rename(path)


class Progress:
    """Reports a sentence on the first step, on the last, and every few seconds between."""

    def __init__(self, manifest: Manifest, until_step: int, report: Callable[[str], None]) -> None:
        self.manifest = manifest
        self.until_step = until_step
        self.report = report
        self._first: StepMetrics | None = None
        self._started = self._last = time.monotonic()

    def step(self, metrics: StepMetrics) -> None:
        """Take note of a step that is done."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._started = metrics, now
        elif metrics["step"] < self.until_step and now - self._last < SECONDS_BETWEEN_REPORTS:
            return
        self._last = now
        self.report(self._sentence(metrics, self._first))

    def _sentence(self, metrics: StepMetrics, first: StepMetrics) -> str:
        tokens = metrics["tokens"] - first["tokens"]
        tokens_per_second = tokens / (self._last - self._started) if tokens else metrics["tokens_per_second"]
        tokens_left = self.manifest.tokens_done(self.until_step) - metrics["tokens"]
        minutes, seconds = divmod(round(tokens_left / tokens_per_second), 60)
        return (
            f"step {metrics['step']}/{self.manifest.total_steps} · {metrics['phase']} · loss {metrics['loss']:.3f} · "
            f"lr {metrics['lr']:.2e} · {tokens_per_second:,.0f} tokens/s · "
            f"{minutes} min {seconds:02d} s left"
        )
