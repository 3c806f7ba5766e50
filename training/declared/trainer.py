"""How runs are trained: on how many processes, in which precision, saved how often. Nothing here changes which data a
step gets, so that it may differ each time a run is continued.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipelines.declared import Declared, read_declaration
from training.declared.launch import Launch, LocalLaunch
from training.declared.watch import Metrics, Watch

Positive = Annotated[int, Field(gt=0)]


class Parallel(Declared):
    """Into how many parts the processes divide the work; ``shard`` of -1 takes all that the others leave.

    Args:
        replicate: copies of the sharded model, each with its part of the batch (HSDP).
        shard: parts of weights, gradients and optimizer state, each with its part of the batch (FSDP).
        tensor: parts of each weight matrix, all with the same sequences.
        context: parts of each sequence; GPUs only.
    """

    replicate: Positive = 1
    shard: Positive | Literal[-1] = -1
    tensor: Positive = 1
    context: Positive = 1


class Compute(Declared):
    """How a step is computed; ``training.models.compute`` decides what is not given.

    Args:
        dtype: of weights and activations in forward and backward passes; ``auto`` is bfloat16 on GPUs and float32 on
            CPUs. Weights that are kept, gradients that are summed and the optimizer's state are float32.
        compile: layers and loss; by default on GPUs.
        activation_checkpoint: what the backward pass computes again: nothing, every second matrix product and whatever
            is cheap (``selective``), or whole layers. By default the least with which a step fits a GPU's memory.
        loss_chunks: parts of a sequence whose logits are held one after the other; by default 8 for large vocabularies.
        max_local_batch_size: sequences of a run's first phase in one forward pass at most; by default the preset's.
    """

    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool | None = None
    activation_checkpoint: Literal["none", "selective", "full"] | None = None
    loss_chunks: Positive | None = None
    max_local_batch_size: Positive | None = None


class Checkpoints(Declared):
    """When checkpoints are saved beside those at phase boundaries, which are kept for ever.

    Args:
        keep_newest: how many of those between boundaries are kept; with two, an altered one costs ``every_steps``.
        grace_seconds: what processes that are told to stop have for their step and a checkpoint before they are killed.
    """

    every_steps: Positive = 50
    keep_newest: Positive = 2
    grace_seconds: Positive = 120


class TrainerDeclaration(Declared):
    """The file of the trainer."""

    launch: Launch = LocalLaunch()
    parallel: Parallel = Parallel()
    compute: Compute = Compute()
    checkpoints: Checkpoints = Checkpoints()
    watch: Watch = Watch()
    metrics: Metrics = Metrics()


def read_trainer(path: Path) -> TrainerDeclaration:
    """The trainer that a YAML file declares; raises PhaselineError where it does not fit."""
    return read_declaration(path, TrainerDeclaration)
