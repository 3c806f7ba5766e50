"""Where a step's figures go besides the run's own files: TensorBoard, and Weights & Biases."""

import time
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from torchtitan.components.metrics import BaseLogger

from pipelines.errors import PhaselineError
from training.declared.watch import WeightsAndBiases
from training.runs.run import Run

FLUSH_SECONDS = 10


class TensorBoard(BaseLogger):
    """Writes one event a step into the run's ``tensorboard`` folder; torch's writer takes several times as long.

    Events of an earlier process from ``first_step`` on are of steps that are trained again: TensorBoard drops them.
    """

    def __init__(self, run: Run, first_step: int) -> None:
        self.writer = EventFileWriter(str(run.tensorboard), flush_secs=FLUSH_SECONDS)
        self._write(first_step, session_log=SessionLog(status=SessionLog.START))

    def log(self, metrics: dict[str, float], step: int) -> None:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in metrics.items()]
        self._write(step, summary=Summary(value=values))

    def close(self) -> None:
        self.writer.close()

    def _write(self, step: int, **content: Any) -> None:
        self.writer.add_event(Event(wall_time=time.time(), step=step, **content))


class WeightsAndBiasesRun(BaseLogger):
    """A run on Weights & Biases, which takes no step twice: each start of training is one, in a group of their own.

    Raises:
        PhaselineError: nobody is logged in, or the service cannot be reached.
    """

    def __init__(self, declared: WeightsAndBiases, run: Run) -> None:
        import wandb  # takes a second

        try:
            self.run = wandb.init(
                project=declared.project,
                entity=declared.entity,
                mode=declared.mode,
                group=run.name,
                dir=run.folder,
                config={
                    "manifest": run.artifact.name,
                    "manifest_digest": run.manifest.digest,
                    "model": run.manifest.model,
                    "total_steps": run.manifest.total_steps,
                    "total_tokens": run.manifest.total_tokens,
                },
            )
        except wandb.Error as error:
            raise PhaselineError(
                f"Weights & Biases refuses the run: {error}",
                "log in with `wandb login` or set WANDB_API_KEY; or declare `mode: offline` under the trainer's "
                "metrics.wandb, and upload with `wandb sync` later",
            ) from error

    def log(self, metrics: dict[str, float], step: int) -> None:
        self.run.log(metrics, step=step)

    def close(self) -> None:
        self.run.finish()
