"""The processors of this machine, and the processes that they are enough for."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from pipelines.errors import PhaselineError
from training.manifest import Manifest


def default_num_processes(manifest: Manifest) -> int:
    """One process for each visible GPU; else two, if there are two cores and every batch divides; else one."""
    num_gpus = count_gpus()
    if num_gpus:
        return num_gpus
    divides = all(phase.global_batch_size % 2 == 0 for phase in manifest.phases)
    return 2 if num_cores() >= 2 and divides else 1


def count_gpus() -> int:
    """Visible NVIDIA GPUs, without importing torch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([device for device in visible.split(",") if device.strip() and device.strip() != "-1"])
    return len([path for path in Path("/dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)])


def gpu_num_bytes() -> int | None:
    """The memory of the smallest GPU of this machine; None where there is no GPU.

    Raises:
        PhaselineError: GPUs are named, and their driver is not here.
    """
    if not count_gpus():
        return None
    if shutil.which("nvidia-smi") is None:
        raise PhaselineError(
            "CUDA_VISIBLE_DEVICES or /dev names GPUs, and nvidia-smi is not here",
            "install NVIDIA's driver, or set CUDA_VISIBLE_DEVICES to nothing to train on CPUs",
        )
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)
    return min(int(mebibytes) << 20 for mebibytes in asked.stdout.split())


def num_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))
