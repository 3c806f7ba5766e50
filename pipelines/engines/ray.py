"""A Ray cluster whose nodes see the same folders."""

import logging
import os
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from pipelines.engines.engine import Engine
from pipelines.engines.task import run_task
from pipelines.errors import PhaselineError


class RayEngine(Engine):
    """A Ray task for each task.

    Args:
        address: the cluster's: ``auto`` on one of its nodes, else ``host:port`` of its head.
        cpus_per_task: reserved for each task.
        memory_per_task_gb: reserved for each task; Ray counts with it, and does not enforce it.
    """

    kind: Literal["ray"]
    address: str = "auto"
    cpus_per_task: Annotated[float, Field(gt=0)] = 1
    memory_per_task_gb: Annotated[float, Field(gt=0)] = 2

    @override
    def run_tasks(self, folder: Path, ranks: Sequence[int]) -> Generator[None, None, None]:
        try:
            import ray
        except ImportError:
            raise PhaselineError("the engine is Ray, which is not installed", "pip install 'phaseline[ray]'") from None
        if not ray.is_initialized():
            self.connect()
        remote = ray.remote(run_task).options(
            num_cpus=self.cpus_per_task, memory=int(self.memory_per_task_gb * 2**30), max_retries=0
        )
        running = [remote.remote(folder, rank) for rank in ranks]
        try:
            while running:
                _, running = ray.wait(running, num_returns=len(running), timeout=1)
                yield
        finally:
            for task in running:
                ray.cancel(task, force=True)

    def connect(self) -> None:
        """Connect this process to the cluster; its workers import what this process can import."""
        import ray

        try:
            ray.init(
                address=self.address,
                runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}},
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except ConnectionError as error:
            raise PhaselineError(
                f"there is no Ray cluster at {self.address}: {error}", "start one with `ray start`, or name its address"
            ) from error
