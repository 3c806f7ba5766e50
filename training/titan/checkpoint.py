"""torchtitan's checkpoints, recorded when they are whole and kept at phase boundaries."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.stateful import Stateful
from torch.utils._pytree import tree_leaves
from torchtitan.components.checkpoint import (
    DATALOADER,
    LR_SCHEDULER,
    MODEL,
    OPTIMIZER,
    TRAIN_STATE,
    AsyncMode,
    CheckpointManager,
)

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.runs.checkpoints import boundaries, own_steps, started_from, step_folder
from training.runs.events import emit
from training.runs.full_disk import full_disk, says_full
from training.runs.metrics import keep_metrics
from training.runs.recording import Recorder
from training.runs.run import Run
from training.runs.start import Start, find_start
from training.titan.hardware import trained_by
from training.titan.stopping import StopRequest
from training.titan.watch import refuse_weights_not_finite


class RecordedCheckpoints(CheckpointManager):
    """Saves before training, at phase boundaries, every few steps, and where this process stops.

    A run without checkpoints of its own begins with what ``find_start`` finds. Learning rates and the optimizer's
    constants are the manifest's, whatever the manifest said that a loaded checkpoint was saved under.
    """

    @dataclass(kw_only=True, slots=True)
    class Config(CheckpointManager.Config):
        store: Store
        run: Run
        trainer: TrainerDeclaration

    def __init__(self, config: Config, **components: Any) -> None:
        self.stopping = False  # whether this process stops at the present step, having been asked to
        self.stop_request = StopRequest()
        self.recorder = Recorder(
            config.store, config.run, trained_by(config.trainer), config.trainer.checkpoints.keep_newest
        )
        super().__init__(config, **components)
        self.store = config.store
        self.run = config.run
        self.boundaries = boundaries(config.run.manifest)
        start = config.run.manifest.start
        self.loads_optimizer = start is not None and start.optimizer == "loaded"

    def _should_save(self, curr_step: int, last_step: bool = False) -> bool:
        return last_step or self.stopping or curr_step in self.boundaries or curr_step % self.interval == 0

    def _load(self, step: int = -1) -> bool:
        """Load the newest checkpoint, or begin the run and save what it begins with; metrics after it are dropped."""
        begins = not own_steps(self.run)
        start = find_start(self.store, self.run) if begins else None
        if start is not None:
            self._choose_states(start)
        declared = [constants(group) for group in self._parameter_groups()]
        loaded = super()._load(step)
        rates = [rate for scheduler in self.states[LR_SCHEDULER] for rate in scheduler.get_last_lr()]
        for group, of_manifest, lr in zip(self._parameter_groups(), declared, rates, strict=True):
            group.update(of_manifest | {"lr": lr})
        if dist.get_rank() == 0:
            keep_metrics(self.run, self.states[TRAIN_STATE].step)
        if begins and (start is None or not start.counts_on):
            self._save_start(start)
        return loaded

    def _choose_states(self, start: Start) -> None:
        """Tell torchtitan what to load of what the run begins with."""
        self.initial_load_path = str(start.artifact.folder.resolve())
        self.initial_load_in_hf = start.is_foreign
        self.initial_load_model_only = not start.counts_on and not start.loads_optimizer
        places = [] if start.counts_on else [LR_SCHEDULER, DATALOADER, TRAIN_STATE]
        self.exclude_from_loading = places if start.loads_optimizer else [*places, OPTIMIZER]

    def _parameter_groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self.states[OPTIMIZER] for group in optimizer.param_groups]

    def _states_to_load(self, model_only: bool) -> dict[str, Any]:
        """torchtitan loads the weights alone of step 0; that holds the optimizer's state, too, where it was loaded."""
        return super()._states_to_load(model_only and not self.loads_optimizer)

    def _save(self, curr_step: int, last_step: bool = False) -> bool:
        self.stopping = self.stop_request.heard() and not last_step
        if not self._should_save(curr_step, last_step):
            return False
        refuse_weights_not_finite(curr_step, self.states[MODEL].model)
        self.recorder.finish()
        started = time.monotonic()
        super()._save(curr_step, last_step)
        if dist.get_rank() == 0:  # whose save returns after that of every rank
            self.recorder.record(curr_step, time.monotonic() - started, started_from(self.run))
            if self.stopping:
                self.recorder.finish()
                emit("stopped", curr_step)
        return True

    def _save_start(self, start: Start | None) -> None:
        """Save the weights; the optimizer's state only if it was loaded, since reading it would take its first step."""
        started = time.monotonic()
        states = self._flattened_model_states_sd() if self.loads_optimizer else self.states[MODEL].state_dict()
        self.dcp_save(states, str(step_folder(self.run, 0)), AsyncMode.DISABLED)
        if dist.get_rank() == 0:
            self.recorder.record(0, time.monotonic() - started, [start.artifact.parent] if start else [])

    def dcp_save(self, state_dict: dict[str, Any], checkpoint_id: str, *arguments: Any, **options: Any) -> Any:
        """Write a checkpoint.

        Raises:
            PhaselineError: on every rank, if any could not write its files; nothing of the checkpoint is left then.
        """
        try:
            return super().dcp_save(state_dict, checkpoint_id, *arguments, **options)
        except CheckpointException as error:
            folder = Path(checkpoint_id)
            if dist.get_rank() == 0:
                shutil.rmtree(folder, ignore_errors=True)
            dist.barrier()  # so that every rank finds the same space
            raise unsaved(folder, state_dict, error) from error

    def dcp_load(self, state_dict: dict[str, Any], checkpoint_id: str, *arguments: Any, **options: Any) -> None:
        """Load a checkpoint; raises PhaselineError, on every rank, if it is not one of this model."""
        try:
            super().dcp_load(state_dict, checkpoint_id, *arguments, **options)
        except CheckpointException as error:
            raise PhaselineError(
                f"{checkpoint_id} cannot be loaded as a {self.run.manifest.model}: {first_failure(error)}",
                "move it away if it is another model's, or set the preset to the shape that it was saved with",
            ) from error

    def _close(self) -> None:
        self.stop_request.close()
        self.recorder.close()
        super()._close()


def unsaved(folder: Path, state_dict: Mapping[str, Any], error: CheckpointException) -> PhaselineError:
    """Why a checkpoint was not saved, for users."""
    what, needed = f"the checkpoint {folder.name}", num_bytes(state_dict)
    full = any(says_full(failure) for failure, _ in error.failures.values())
    if full or shutil.disk_usage(folder.parent).free < needed:  # torch tells of a write cut short by its place alone
        return full_disk(folder.parent, what, needed)
    return PhaselineError(
        f"{what} was not saved in {folder.parent}: {first_failure(error)}",
        "mend that, then run the same command again: it continues from the newest checkpoint",
    )


def first_failure(error: CheckpointException) -> str:
    """What the first rank that failed says."""
    failure, _ = next(iter(error.failures.values()))
    return f"{type(failure).__name__}: {failure}"


def num_bytes(state_dict: Mapping[str, Any]) -> int:
    """What the tensors of a checkpoint take, those of all ranks together."""
    states = [state.state_dict() if isinstance(state, Stateful) else state for state in state_dict.values()]
    return sum(leaf.numel() * leaf.element_size() for leaf in tree_leaves(states) if isinstance(leaf, torch.Tensor))


def constants(group: dict[str, Any]) -> dict[str, Any]:
    """What an optimizer's parameter group holds besides its parameters."""
    return {key: value for key, value in group.items() if key not in ("params", "param_names")}
