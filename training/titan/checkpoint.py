"""torchtitan's checkpoints, recorded when they are whole and kept at phase boundaries."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch.distributed as dist
from torchtitan.components.checkpoint import (
    DATALOADER,
    LR_SCHEDULER,
    MODEL,
    OPTIMIZER,
    TRAIN_STATE,
    AsyncMode,
    CheckpointManager,
)

from pipelines.record import Parent
from pipelines.store import Artifact, Store
from training.runs.checkpoints import boundaries, checkpoint_steps, record_checkpoint, started_from, step_folder
from training.runs.metrics import keep_metrics
from training.runs.run import Run
from training.runs.start import start_checkpoint


class RecordedCheckpoints(CheckpointManager):
    """Saves before training, at phase boundaries, every few steps, and where this process stops.

    A run without checkpoints starts from another run's where its manifest says so. Learning rates and the optimizer's
    constants are the manifest's, whatever the manifest said that a loaded checkpoint was saved under.
    """

    @dataclass(kw_only=True, slots=True)
    class Config(CheckpointManager.Config):
        store: Store
        run: Run

    def __init__(self, config: Config, **components: Any) -> None:
        super().__init__(config, **components)
        self.store = config.store
        self.run = config.run
        self.boundaries = boundaries(config.run.manifest)
        start = config.run.manifest.start
        self.loads_optimizer = start is not None and start.optimizer == "loaded"

    def _should_save(self, curr_step: int, last_step: bool = False) -> bool:
        return last_step or curr_step in self.boundaries or curr_step % self.interval == 0

    def _load(self, step: int = -1) -> bool:
        """Load the newest checkpoint, or begin the run and save what it begins with; metrics after it are dropped."""
        begins = not checkpoint_steps(self.run)
        start = start_checkpoint(self.store, self.run.manifest) if begins else None
        if start is not None:
            self.initial_load_path = str(start.folder.resolve())
            self.initial_load_model_only = not self.loads_optimizer
            self.exclude_from_loading = [LR_SCHEDULER, DATALOADER, TRAIN_STATE]
        declared = [constants(group) for group in self._parameter_groups()]
        loaded = super()._load(step)
        rates = [rate for scheduler in self.states[LR_SCHEDULER] for rate in scheduler.get_last_lr()]
        for group, of_manifest, lr in zip(self._parameter_groups(), declared, rates, strict=True):
            group.update(of_manifest | {"lr": lr})
        if dist.get_rank() == 0:
            keep_metrics(self.run.metrics, self.states[TRAIN_STATE].step)
        if begins:
            self._save_start(start)
        return loaded

    def _parameter_groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self.states[OPTIMIZER] for group in optimizer.param_groups]

    def _states_to_load(self, model_only: bool) -> dict[str, Any]:
        """torchtitan loads the weights alone of step 0; that holds the optimizer's state, too, where it was loaded."""
        return super()._states_to_load(model_only and not self.loads_optimizer)

    def _save(self, curr_step: int, last_step: bool = False) -> bool:
        started = time.monotonic()
        saved = super()._save(curr_step, last_step)
        if saved and dist.get_rank() == 0:
            self._record(curr_step, started, started_from(self.run))
        return saved

    def _save_start(self, start: Artifact | None) -> None:
        """Save the weights; the optimizer's state only if it was loaded, since reading it would take its first step."""
        started = time.monotonic()
        states = self._flattened_model_states_sd() if self.loads_optimizer else self.states[MODEL].state_dict()
        self.dcp_save(states, str(step_folder(self.run, 0)), AsyncMode.DISABLED)
        if dist.get_rank() == 0:
            self._record(0, started, [start.parent] if start else [])

    def _record(self, step: int, started: float, start: Sequence[Parent]) -> None:
        """To be called by the coordinator alone: its save returns after every rank's files are written."""
        record_checkpoint(self.run, step, time.monotonic() - started, start)


def constants(group: dict[str, Any]) -> dict[str, Any]:
    """What an optimizer's parameter group holds besides its parameters."""
    return {key: value for key, value in group.items() if key not in ("params", "param_names")}
