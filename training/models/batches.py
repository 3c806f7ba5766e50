"""How many sequences a process computes at a time."""

from pipelines.errors import PhaselineError
from training.manifest import Manifest
from training.models.presets import model_preset


def local_batch_sizes(manifest: Manifest, num_processes: int) -> list[int]:
    """Sequences that a process computes at a time in each phase of a run.

    Raises:
        PhaselineError: an unknown model, or a phase's batch does not divide among the processes.
    """
    compute = model_preset(manifest.model).compute
    most_tokens = compute.max_local_batch_size * manifest.phases[0].sequence_length
    return [
        local_batch_size(phase.global_batch_size, num_processes, max(1, most_tokens // phase.sequence_length))
        for phase in manifest.phases
    ]


def local_batch_size(global_batch_size: int, num_processes: int, most: int) -> int:
    """Sequences that a process computes at a time: as many as divide its share, and ``most`` of them.

    Raises:
        PhaselineError: the global batch does not divide among the processes.
    """
    if global_batch_size % num_processes:
        divisors = [str(n) for n in range(1, global_batch_size + 1) if global_batch_size % n == 0]
        raise PhaselineError(
            f"a batch of {global_batch_size} sequences does not divide among {num_processes} processes",
            f"start {', '.join(divisors[:-1])} or {divisors[-1]} of them, or change the recipe's global_batch_size",
        )
    share = global_batch_size // num_processes
    return max(size for size in range(1, min(share, most) + 1) if share % size == 0)
