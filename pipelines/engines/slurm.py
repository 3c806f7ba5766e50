"""A Slurm cluster whose nodes see the same folders and the same Python."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from pipelines.digests import value_digest
from pipelines.engines.engine import Engine
from pipelines.errors import PhaselineError

TASKS_PER_ARRAY = 1000  # Slurm's MaxArraySize is 1001 unless its administrator says otherwise
MAX_SECONDS_BETWEEN_QUESTIONS = 10.0


class SlurmEngine(Engine):
    """Job arrays with an element for each task; submitted here, waited for, and cancelled with this process.

    Args:
        partition: where they run.
        time: the limit of each task, as ``sbatch --time`` takes it.
        cpus_per_task: reserved for each task.
        mem_per_cpu_gb: reserved for each task and CPU.
        max_concurrent_tasks: of an array of a thousand; all that the cluster lets run where none is given.
        sbatch: further options of sbatch by name, such as ``account`` or ``qos``.
        environment: shell commands to run before Python, such as ``module load``.
    """

    kind: Literal["slurm"]
    partition: str
    time: str = "24:00:00"
    cpus_per_task: Annotated[int, Field(gt=0)] = 1
    mem_per_cpu_gb: Annotated[float, Field(gt=0)] = 2
    max_concurrent_tasks: Annotated[int, Field(gt=0)] | None = None
    sbatch: Mapping[str, str] = Field(default_factory=dict)
    environment: str = ""

    @override
    def run_tasks(self, folder: Path, ranks: Sequence[int]) -> Generator[None, None, None]:
        if shutil.which("sbatch") is None:
            raise PhaselineError("the engine is Slurm, but there is no sbatch here", "run this on a login node")
        name = f"phaseline-{value_digest(str(folder))[:12]}"  # the same in each run, to find what a killed one left
        cancel(name)
        while is_known(name):
            time.sleep(1)
        try:
            for first, array in groupby(ranks, key=lambda rank: rank - rank % TASKS_PER_ARRAY):
                self.submit(name, folder, first, array)
            seconds = 1.0
            while is_known(name):
                time.sleep(seconds)
                seconds = min(MAX_SECONDS_BETWEEN_QUESTIONS, seconds * 1.2)
                yield
        except BaseException:  # a closed generator is one, too
            cancel(name)
            raise

    def submit(self, name: str, folder: Path, first: int, ranks: Iterable[int]) -> None:
        """Submit an array whose element ``i`` is the task ``first + i``; raises PhaselineError if Slurm refuses it."""
        limit = f"%{self.max_concurrent_tasks}" if self.max_concurrent_tasks else ""
        options = {
            "job-name": name,
            "comment": str(folder),
            "array": ",".join(str(rank - first) for rank in ranks) + limit,
            "partition": self.partition,
            "time": self.time,
            "nodes": "1",
            "ntasks": "1",
            "cpus-per-task": str(self.cpus_per_task),
            "mem-per-cpu": f"{int(self.mem_per_cpu_gb * 1024)}M",
            "output": str(folder / "logs" / f"{first // TASKS_PER_ARRAY:02d}%3a.txt"),  # as Job.log_file names it
            "open-mode": "append",
            **self.sbatch,
        }
        script = [
            "#!/bin/bash",
            self.environment,
            f"export PYTHONPATH={shlex.quote(os.pathsep.join(path for path in sys.path if path))}",
            f"exec {shlex.quote(sys.executable)} -m pipelines.engines.task {shlex.quote(str(folder))} "
            f"$(({first} + SLURM_ARRAY_TASK_ID))",
        ]
        command = ["sbatch", "--no-requeue", *(f"--{option}={value}" for option, value in options.items())]
        done = subprocess.run(command, input="\n".join(script), capture_output=True, text=True, check=False)
        if done.returncode:
            raise PhaselineError(f"Slurm refused the tasks: {done.stderr.strip()}", "mend that in the engine file")


def cancel(name: str) -> None:
    """Cancel all tasks of a name; raises PhaselineError where Slurm does not answer."""
    done = subprocess.run(["scancel", f"--name={name}"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PhaselineError(f"Slurm does not answer: {done.stderr.strip()}", f"later, run scancel --name={name}")


def is_known(name: str) -> bool:
    """Whether Slurm has tasks of a name that have not ended. A controller that does not answer is asked again later."""
    asked = subprocess.run(["squeue", "--noheader", f"--name={name}"], capture_output=True, text=True, check=False)
    return asked.returncode != 0 or bool(asked.stdout.strip())
