"""The processes of this machine that train a run."""

import os
import re
import sys
from pathlib import Path

from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.manifest import Manifest
from training.runs.run import Run


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


def num_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def command(store: Store, run: Run, until_step: int, num_processes: int, trainer: TrainerDeclaration) -> list[str]:
    """The command line of the training processes; a single one needs no torchrun."""
    several = ["torch.distributed.run", "--standalone", f"--nproc-per-node={num_processes}", "-m"]
    return [
        sys.executable,
        "-m",
        *(several if num_processes > 1 else []),
        "training.titan",
        run.name,
        f"--home={store.root.resolve()}",
        f"--until-step={until_step}",
        f"--trainer={trainer.model_dump_json()}",
        "--end-with-stdin",
    ]
