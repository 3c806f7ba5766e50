"""What is watched in a training process, ours and torchtitan's alike."""

import os

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
from torchtitan.components.checkpoint import CheckpointManager
from torchtitan.components.checkpointer.base import BaseCheckpointManager
from torchtitan.trainer import Trainer

from benchmarks.training.spans import SPANS_VARIABLE, clock
from benchmarks.training.turns import TURNS_VARIABLE, take_turns


def observe(trainer: type[Trainer], loader: type) -> None:
    """Let trainers of a class take turns, or put clocks around their parts, as the environment says."""
    if TURNS_VARIABLE in os.environ:
        take_turns(trainer, loader)
    if SPANS_VARIABLE in os.environ:
        clock(Trainer, "init_distributed", "process group")
        clock(loader, "__init__", "loader")
        clock(trainer, "__init__", "trainer")
        clock(BaseCheckpointManager, "load", "load")
        clock(trainer, "train_step", "step")
        clock(CheckpointManager, "_save", "torchtitan's save")
