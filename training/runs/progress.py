"""The progress of training as a sentence for people."""

import time
from collections.abc import Callable

from pipelines.engines.monitor import duration
from training.manifest import Manifest
from training.runs.metrics import StepMetrics

SECONDS_BETWEEN_REPORTS = 5.0
NOTABLE_WAIT = 0.02  # of the time


class Progress:
    """Reports a sentence on the first step, on the last, and every few seconds between."""

    def __init__(self, manifest: Manifest, until_step: int, report: Callable[[str], None]) -> None:
        self.manifest = manifest
        self.until_step = until_step
        self.report = report
        self._first: StepMetrics | None = None
        self._started = self._last = time.monotonic()
        self._waited = 0.0  # seconds for data, since the last report

    def step(self, metrics: StepMetrics) -> None:
        """Take note of a step that is done."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._started, self._last = metrics, now, now
        else:
            self._waited += metrics["data_seconds"]  # not of the first, for which the loader starts
            if metrics["step"] < self.until_step and now - self._last < SECONDS_BETWEEN_REPORTS:
                return
        share_waited = self._waited / (now - self._last) if self._waited else 0.0
        self._last, self._waited = now, 0.0
        self.report(" · ".join(self._parts(metrics, self._first, share_waited)))

    def _parts(self, metrics: StepMetrics, first: StepMetrics, share_waited: float) -> list[str]:
        tokens = metrics["tokens"] - first["tokens"]
        tokens_per_second = tokens / (self._last - self._started) if tokens else metrics["tokens_per_second"]
        tokens_left = self.manifest.tokens_done(self.until_step) - metrics["tokens"]
        target = "" if self.until_step == self.manifest.total_steps else f" to step {self.until_step}"
        return [
            f"step {metrics['step']}/{self.manifest.total_steps}",
            metrics["phase"],
            f"loss {metrics['loss']:.3f}",
            f"lr {metrics['lr']:.2e}",
            f"{tokens_per_second:,.0f} tokens/s",
            *([f"MFU {metrics['mfu']:.1%}"] if "mfu" in metrics else []),
            *([f"{share_waited:.0%} waiting for data"] if share_waited >= NOTABLE_WAIT else []),
            f"{duration(tokens_left / tokens_per_second)} left{target}",
        ]
