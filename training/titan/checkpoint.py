"""torchtitan's checkpoints, recorded when they are whole and kept at phase boundaries."""

import time
from dataclasses import dataclass
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch.distributed as dist
from torchtitan.components.checkpoint import MODEL, AsyncMode, CheckpointManager

from training.checkpoints import boundaries, record_checkpoint, step_folder
from training.metrics import keep_metrics
from training.run import Run


class RecordedCheckpoints(CheckpointManager):
    """Saves before training, at phase boundaries, every few steps, and where this process stops."""

    @dataclass(kw_only=True, slots=True)
    class Config(CheckpointManager.Config):
        run: Run

    def __init__(self, config: Config, **components: Any) -> None:
        super().__init__(config, **components)
        self.run = config.run
        self.boundaries = boundaries(config.run.manifest)

    def _should_save(self, curr_step: int, last_step: bool = False) -> bool:
        return last_step or curr_step in self.boundaries or curr_step % self.interval == 0

    def _load(self, step: int = -1) -> bool:
        """Load the newest checkpoint, or save the weights before training; metrics after it are dropped."""
        loaded = super()._load(step)
        if dist.get_rank() == 0:
            keep_metrics(self.run.metrics, self.states["train_state"].step)
        if not loaded:
            self._save_start()
        return loaded

    def _save(self, curr_step: int, last_step: bool = False) -> bool:
        started = time.monotonic()
        saved = super()._save(curr_step, last_step)
        if saved:
            self._record(curr_step, started)
        return saved

    def _save_start(self) -> None:
        """Save the weights alone: reading the optimizer's state would take its first step."""
        started = time.monotonic()
        folder = step_folder(self.run, 0)
        self.dcp_save(self.states[MODEL].state_dict(), str(folder), AsyncMode.DISABLED)
        self._record(0, started)

    def _record(self, step: int, started: float) -> None:
        if dist.get_rank() == 0:  # the coordinator: its save returns after every rank's files are written
            record_checkpoint(self.run, step, time.monotonic() - started)
