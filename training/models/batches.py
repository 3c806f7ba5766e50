"""How many sequences a process computes at a time."""

from pipelines.errors import PhaselineError
from training.declared.trainer import TrainerDeclaration
from training.manifest import Manifest
from training.models.layout import layout_of
from training.models.presets import model_preset

DEFAULT_TRAINER = TrainerDeclaration()


def local_batch_sizes(
    manifest: Manifest, num_processes: int, trainer: TrainerDeclaration = DEFAULT_TRAINER
) -> list[int]:
    """Sequences that a process computes at a time in each phase of a run.

    Raises:
        PhaselineError: an unknown model, processes that the trainer's parallel does not fit, or a phase's batch that
            does not divide among them.
    """
    layout = layout_of(trainer.parallel, num_processes)
    most = trainer.compute.max_local_batch_size or model_preset(manifest.model).max_local_batch_size
    most_tokens = most * manifest.phases[0].sequence_length
    return [
        local_batch_size(
            phase.global_batch_size,
            layout.num_batch_parts,
            max(1, most_tokens // phase.sequence_length),
            num_processes // layout.num_batch_parts,
        )
        for phase in manifest.phases
    ]


def local_batch_size(global_batch_size: int, num_parts: int, most: int, processes_per_part: int = 1) -> int:
    """Sequences that a process computes at a time: as many as divide its part of the batch, and ``most`` of them.

    Raises:
        PhaselineError: the global batch does not divide into so many parts.
    """
    if global_batch_size % num_parts:
        divisors = [n for n in range(1, global_batch_size + 1) if global_batch_size % n == 0]
        *fewer, most_processes = (str(n * processes_per_part) for n in divisors)
        counts = f"{', '.join(fewer)} or {most_processes}" if fewer else most_processes
        together = f", {processes_per_part} to a sequence" if processes_per_part > 1 else ""
        raise PhaselineError(
            f"a batch of {global_batch_size} sequences does not divide among {num_parts * processes_per_part} "
            f"processes{together}",
            f"start {counts} of them, or change the recipe's global_batch_size",
        )
    share = global_batch_size // num_parts
    return max(size for size in range(1, min(share, most) + 1) if share % size == 0)
