"""Each step's metrics: a row of the run's ``metrics.jsonl``, an event for the launcher, and what else is declared."""

from dataclasses import dataclass, field
from typing import Any

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch.distributed as dist
from torchtitan.components.metrics import LoggerContainer, MetricsProcessor

from pipelines.store import Store
from training.declared.watch import Metrics, Watch
from training.models.presets import model_preset
from training.planning.cost import flops_per_token
from training.runs.events import emit
from training.runs.incidents import add_spike
from training.runs.metrics import Measured, StepMetrics, read_metrics, scalars, step_metrics
from training.runs.restarts import add_restart
from training.runs.rows import append_row
from training.runs.run import Run
from training.runs.spikes import SpikeWindow
from training.sampling.order import Order
from training.titan.sinks import TensorBoard, WeightsAndBiasesRun
from training.titan.watch import named_documents, spike_of

A100_FLOPS = 312e12  # a second, in bfloat16: what torchtitan takes for any device that it does not know


class RunMetrics(MetricsProcessor):
    """Writes each step's row and tells the launcher of it, from rank 0; records loss spikes with their documents.

    Raises:
        PhaselineError: Weights & Biases is declared and refuses the run.
    """

    @dataclass(kw_only=True, slots=True)
    class Config(MetricsProcessor.Config):
        store: Store
        run: Run
        watch: Watch = field(default_factory=Watch)
        sinks: Metrics = field(default_factory=Metrics)

    spikes: SpikeWindow
    logger: LoggerContainer

    def __init__(self, config: Config, **components: Any) -> None:
        super().__init__(config, **components)
        self.store = config.store
        self.run = config.run
        self.order = Order(config.run.manifest)
        self.watch = config.watch
        self.sinks = config.sinks
        known = not ON_CPU and (self.gpu_peak_flops != A100_FLOPS or "A100" in self.device_memory_monitor.device_name)
        self.peak_flops = self.gpu_peak_flops * dist.get_world_size() if known else None

    def _build_metric_logger(self, *, config: "RunMetrics.Config", **_: Any) -> LoggerContainer:
        loggers = LoggerContainer()
        if dist.get_rank() == 0 and config.sinks.wandb is not None:
            loggers.add_logger(WeightsAndBiasesRun(config.sinks.wandb, config.run))
        return loggers

    def begin(self, step: int) -> None:
        """Go on from the checkpoint after ``step`` steps."""
        if dist.get_rank() == 0:
            self.spikes = SpikeWindow(self.watch, read_metrics(self.run.metrics))
            if step > self.run.first_step:
                add_restart(self.run, step, dist.get_world_size())
            if self.sinks.tensorboard:
                self.logger.add_logger(TensorBoard(self.run, step + 1))

    def log_step(self, step: int, measured: Measured, seconds: float, data_seconds: float) -> None:
        """Take the measurements of a step."""
        if dist.get_rank() != 0:
            return
        metrics = step_metrics(self.order, step, measured, seconds, data_seconds)
        if self.peak_flops is not None:
            metrics["mfu"] = round(self.flops_per_token(step) * metrics["tokens_per_second"] / self.peak_flops, 4)
        self.record_spike(metrics, measured)
        append_row(self.run.metrics, metrics)
        emit("metrics", metrics)
        self.logger.log(scalars(metrics), step)

    def flops_per_token(self, step: int) -> int:
        """The model's FLOPs for a token of a step."""
        manifest = self.run.manifest
        length = manifest.phase_at(step - 1).sequence_length
        return flops_per_token(model_preset(manifest.model).shape, manifest.tokenizer.vocab_size, length)

    def record_spike(self, metrics: StepMetrics, measured: Measured) -> None:
        """Record a step whose loss exceeds the declared bound, before its row is written: so none is lost in a kill."""
        bound = self.spikes.add(metrics)
        if bound is not None:
            spike = spike_of(self.store, self.run, metrics["step"], measured, bound)
            add_spike(self.run, spike)
            emit(
                "note",
                f"the loss of step {spike.step} is a spike: {spike.loss:.3f} instead of {spike.expected:.3f}, above "
                f"the bound {spike.bound:.3f}. Its batch holds {named_documents(spike)}; see {self.run.spikes}",
            )
