"""What a trainer leaves open of how a step is computed, decided for a run and the devices at hand."""

import math

from pipelines.errors import PhaselineError
from training.declared.trainer import Compute, TrainerDeclaration
from training.manifest import Manifest
from training.models.batches import local_batch_sizes
from training.models.memory import memory_per_process
from training.models.presets import model_preset

LARGE_VOCABULARY = 32_768  # tokens: logits of a sequence of 8,192 then take 1 GiB in float32
LOSS_CHUNKS = 8
USABLE = 0.95  # of a GPU's memory: the rest is its context and communication buffers
AMPLE = 0.85  # of a GPU's memory: a step that is estimated to take no more repeats nothing


def settled_compute(
    manifest: Manifest, trainer: TrainerDeclaration, num_processes: int, gpu_bytes: int | None
) -> Compute:
    """The declared compute with nothing left open.

    Args:
        gpu_bytes: the memory of one GPU; None on CPUs.

    Raises:
        PhaselineError: processes that the trainer's parallel does not fit, or a batch or sequences that do not divide.
    """
    declared = trainer.compute
    on_gpus = gpu_bytes is not None
    decided = {
        "dtype": ("bfloat16" if on_gpus else "float32") if declared.dtype == "auto" else declared.dtype,
        "compile": on_gpus if declared.compile is None else declared.compile,
        "loss_chunks": loss_chunks(manifest, trainer),
    }
    compute = declared.model_copy(update=decided)
    if compute.activation_checkpoint is not None:
        return compute
    return least_recomputation(manifest, trainer.model_copy(update={"compute": compute}), num_processes, gpu_bytes)


def loss_chunks(manifest: Manifest, trainer: TrainerDeclaration) -> int:
    """The parts of a process's sequences whose logits are held one after the other.

    Raises:
        PhaselineError: sequences of a phase do not divide into the declared parts.
    """
    most = math.gcd(*(phase.sequence_length // trainer.parallel.context for phase in manifest.phases))
    declared = trainer.compute.loss_chunks
    if declared is None:
        return math.gcd(most, LOSS_CHUNKS) if manifest.tokenizer.vocab_size >= LARGE_VOCABULARY else 1
    if most % declared:
        raise PhaselineError(
            f"the sequences of some phase do not divide into {declared} loss_chunks",
            f"set the trainer's compute.loss_chunks to a divisor of {most}",
        )
    return declared


def least_recomputation(
    manifest: Manifest, trainer: TrainerDeclaration, num_processes: int, gpu_bytes: int | None
) -> Compute:
    """The compute whose backward pass repeats as little as fits a GPU's memory; nothing on CPUs."""
    none, selective, full = (
        trainer.compute.model_copy(update={"activation_checkpoint": kind}) for kind in ("none", "selective", "full")
    )
    if gpu_bytes is None:
        return none
    for compute in (none, selective):
        settled = trainer.model_copy(update={"compute": compute})
        if memory_of_run(manifest, settled, num_processes) <= AMPLE * gpu_bytes:
            return compute
    return full


def memory_of_run(manifest: Manifest, trainer: TrainerDeclaration, num_processes: int) -> int:
    """The most bytes that a process of a run holds in any phase, its compute being settled."""
    shape = model_preset(manifest.model).shape
    sizes = local_batch_sizes(manifest, num_processes, trainer)
    return max(
        sum(
            memory_per_process(
                shape,
                manifest.tokenizer.vocab_size,
                phase.sequence_length,
                size,
                trainer.compute,
                trainer.parallel,
                num_processes,
            ).values()
        )
        for phase, size in zip(manifest.phases, sizes, strict=True)
    )
