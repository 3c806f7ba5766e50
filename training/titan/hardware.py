"""Where the processes of a run are, asked of all of them."""

import os
import platform
import re
import socket
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed as dist
from torchtitan.tools import utils

from pipelines.record import code_revision
from training.declared.trainer import TrainerDeclaration
from training.runs.history import Hardware, Host, TrainedBy
from training.titan.compat import ON_CPU


def trained_by(trainer: TrainerDeclaration) -> TrainedBy:
    """These processes; to be called by all of them, and after each has its device."""
    return TrainedBy(
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        code=code_revision(),
        hardware=hardware(),
        trainer=trainer.model_dump(mode="json"),
    )


def hardware() -> Hardware:
    """The machines of all ranks, in the order of their first; a collective call."""
    places: list[tuple[str, str, int]] = [("", "", 0)] * dist.get_world_size()
    dist.all_gather_object(places, (socket.gethostname(), device_name(), len(os.sched_getaffinity(0))))
    return Hardware(
        hosts=tuple(
            Host(name=name, device=device, num_processes=num_processes, num_cores=num_cores)
            for (name, device, num_cores), num_processes in Counter(places).items()
        ),
        python=platform.python_version(),
        torch=torch.__version__,
        torchtitan=version("torchtitan"),
        cuda=torch.version.cuda,
    )


def device_name() -> str:
    """This process's GPU, or the processor where there is none."""
    return processor_name() if ON_CPU else utils.device_module.get_device_name()


def processor_name() -> str:
    """The processor as Linux names it, else its architecture."""
    known = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*:\s*(.+)$", known.read_text(), re.MULTILINE) if known.is_file() else None
    return named[1] if named else platform.machine()
