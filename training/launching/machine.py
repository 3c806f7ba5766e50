"""What this machine has, held against what a run's processes on it need."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import PhaselineError
from training.launching.launcher import Stretch
from training.launching.processes import count_gpus, gpu_num_bytes
from training.models.compute import USABLE, memory_of_run, settled_compute
from training.models.presets import model_preset
from training.runs.checkpoints import boundaries, own_steps

PROGRAM_NUM_BYTES = 700 << 20  # of a process on CPUs: Python, torch and torchtitan, measured
CHECKPOINT_BYTES_PER_PARAMETER = 12  # the weight and AdamW's two moments, in float32
CONTROL_GROUPS = Path("/sys/fs/cgroup")


def obstacles_of_machine(stretch: Stretch, num_processes: int, num_here: int) -> Iterator[PhaselineError]:
    """GPUs and memory that are missing here for ``num_here`` of a run's ``num_processes`` processes."""
    num_gpus = count_gpus()
    if num_gpus and num_here > num_gpus:
        yield PhaselineError(
            f"{num_here} processes are declared and this machine has {num_gpus} GPUs, of which each needs one",
            f"declare {num_gpus} processes or fewer in the trainer's launch",
        )
    smallest = gpu_num_bytes()
    if smallest is None and stretch.trainer.compute.compile and shutil.which(os.environ.get("CXX", "g++")) is None:
        yield PhaselineError(
            "compute.compile is on, and there is no C++ compiler here, which torch needs to compile for CPUs",
            "install g++, or take compute.compile out of the trainer",
        )
    needed = process_num_bytes(stretch, num_processes, smallest)
    remedy = (
        "lower compute.max_local_batch_size or set compute.activation_checkpoint to full in the trainer, "
        "take more processes, or a smaller model"
    )
    if smallest is not None:
        if needed > USABLE * smallest:
            yield PhaselineError(
                f"a process needs about {gigabytes(needed)}, and a GPU here has {gigabytes(smallest)}", remedy
            )
    elif num_here * (needed + PROGRAM_NUM_BYTES) > available_memory():
        whole = num_here * (needed + PROGRAM_NUM_BYTES)
        yield PhaselineError(
            f"{num_here} processes need about {gigabytes(whole)} of memory, and {gigabytes(available_memory())} are "
            "available here",
            f"end other programs, or {remedy}",
        )


def process_num_bytes(stretch: Stretch, num_processes: int, gpu_bytes: int | None) -> int:
    """The bytes that a step takes of a process's memory, estimated; raises PhaselineError for a wrong layout."""
    manifest, trainer = stretch.run.manifest, stretch.trainer
    compute = settled_compute(manifest, trainer, num_processes, gpu_bytes)
    return memory_of_run(manifest, trainer.model_copy(update={"compute": compute}), num_processes)


def available_memory() -> int:
    """The bytes that processes started here can take: what the kernel has left, and the control groups allow."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    fields = dict(line.split(":") for line in lines)
    in_kernel = int(fields["MemAvailable"].split()[0]) << 10
    return min([in_kernel, *left_in_control_groups()])


def left_in_control_groups() -> Iterator[int]:
    """What is left of the limit of each control group (version 2) around this process, cached file pages included."""
    own = Path("/proc/self/cgroup").read_text().rpartition("::")[2].strip()
    group = CONTROL_GROUPS / own.lstrip("/")
    for folder in [group, *group.parents]:
        limit = folder / "memory.max"
        if limit.is_file() and (most := limit.read_text().strip()) != "max":
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            used = int((folder / "memory.current").read_text()) - int(statistics["inactive_file"])
            yield int(most) - used


def obstacles_of_disk(stretch: Stretch) -> Iterator[PhaselineError]:
    """A disk too small for the checkpoints that the run still saves and keeps."""
    needed = checkpoints_num_bytes(stretch)
    free = shutil.disk_usage(stretch.store.root).free
    if needed > free:
        yield PhaselineError(
            f"the checkpoints up to step {stretch.until_step} need about {gigabytes(needed)}, and "
            f"{gigabytes(free)} are free on the disk that holds {stretch.store.root}",
            "free space there, or set PHASELINE_HOME to another disk",
        )


def checkpoints_num_bytes(stretch: Stretch) -> int:
    """The bytes that a run's checkpoints take at most, beyond what those that it has take now."""
    done = own_steps(stretch.run)
    kept = set(boundaries(stretch.run.manifest))
    to_come = [step for step in kept if max(done, default=-1) < step <= stretch.until_step]
    passing = stretch.trainer.checkpoints.keep_newest + 1  # one is written before another goes
    there = len([step for step in done if step not in kept])
    return (len(to_come) + max(0, passing - there)) * checkpoint_num_bytes(stretch)


def checkpoint_num_bytes(stretch: Stretch) -> int:
    """The bytes of one checkpoint."""
    manifest = stretch.run.manifest
    shape = model_preset(manifest.model).shape
    return CHECKPOINT_BYTES_PER_PARAMETER * shape.num_parameters(manifest.tokenizer.vocab_size)


def gigabytes(num_bytes: int) -> str:
    """A number of bytes as people read it."""
    return f"{num_bytes / 1e9:,.1f} GB" if num_bytes >= 1e8 else f"{num_bytes / 1e6:,.1f} MB"
