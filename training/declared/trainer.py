"""How runs are trained: on how many processes, in which precision, saved how often. Nothing here changes which data a
step gets, so that it may differ each time a run is continued.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipelines.declared import Declared, read_declaration

Positive = Annotated[int, Field(gt=0)]


class LocalLaunch(Declared):
    """Processes on this machine: by default one for each GPU, or without GPUs two where there are cores for them."""

    kind: Literal["local"] = "local"
    num_processes: Positive | None = None


class Parallel(Declared):
    """Into how many parts the processes divide the work; ``shard`` of -1 takes all that the others leave.

    Args:
        replicate: copies of the sharded model, each with its part of the batch (HSDP).
        shard: parts of weights, gradients and optimizer state, each with its part of the batch (FSDP).
        tensor: parts of each weight matrix, all with the same sequences.
        context: parts of each sequence.
    """

    replicate: Positive = 1
    shard: Positive | Literal[-1] = -1
    tensor: Positive = 1
    context: Positive = 1


class Compute(Declared):
    """How a step is computed; what is not given is the model preset's.

    Args:
        dtype: of weights in forward and backward passes; ``auto`` is bfloat16 on GPUs and float32 on CPUs.
    """

    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool | None = None
    activation_checkpoint: Literal["none", "selective", "full"] | None = None
    max_local_batch_size: Positive | None = None


class Checkpoints(Declared):
    """When checkpoints are saved beside those at phase boundaries, which are kept for ever."""

    every_steps: Positive = 50


class TrainerDeclaration(Declared):
    """The file of the trainer."""

    launch: LocalLaunch = LocalLaunch()
    parallel: Parallel = Parallel()
    compute: Compute = Compute()
    checkpoints: Checkpoints = Checkpoints()


def read_trainer(path: Path) -> TrainerDeclaration:
    """The trainer that a YAML file declares; raises PhaselineError where it does not fit."""
    return read_declaration(path, TrainerDeclaration)
