"""torchtitan's metrics as rows of the run's ``metrics.jsonl``."""

import math
import time
from dataclasses import dataclass
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch.distributed as dist
from torchtitan.components.metrics import MetricsProcessor

from pipelines.errors import PhaselineError
from training.runs.events import emit
from training.runs.metrics import append_metrics, step_metrics
from training.runs.run import Run


class RunMetrics(MetricsProcessor):
    """Writes each step's row and tells the launcher of it, from rank 0."""

    @dataclass(kw_only=True, slots=True)
    class Config(MetricsProcessor.Config):
        run: Run

    def __init__(self, config: Config, **components: Any) -> None:
        super().__init__(config, **components)
        self.run = config.run
        self.step_started = time.perf_counter()

    def start_step(self) -> None:
        """Start the clock of a step."""
        self.step_started = time.perf_counter()

    def log(
        self,
        step: int,
        global_avg_loss: float,
        global_max_loss: float,  # noqa: ARG002
        grad_norm: float,
        extra_metrics: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        """Take a step's measurements; torchtitan's own throughput is per device and is not used.

        Raises:
            PhaselineError: the gradient is not finite; no checkpoint of this step is saved.
        """
        refuse_not_finite("gradient norm", grad_norm, step)
        self.ntokens_since_last_log = 0
        self.data_loading_times.clear()
        if dist.get_rank() == 0:
            seconds = time.perf_counter() - self.step_started
            metrics = step_metrics(self.run.manifest, step, global_avg_loss, grad_norm, seconds)
            append_metrics(self.run.metrics, metrics)
            emit("metrics", metrics)


def refuse_not_finite(name: str, value: float, step: int) -> None:
    """Raise PhaselineError naming the step for a measurement that is infinite or not a number."""
    if not math.isfinite(value):
        raise PhaselineError(
            f"the {name} of step {step} is {value}; training stopped there",
            "lower the recipe's peak_lr or lengthen its warm-up, then compile the recipe again",
        )
