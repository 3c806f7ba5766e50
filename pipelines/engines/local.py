"""The machine's own processes."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from pipelines.engines.engine import Engine
from pipelines.engines.job import Job
from pipelines.engines.task import run_task

IMPORTED_ONCE = (  # the modules of the steps; any other is imported by each task, which takes numba a second
    "pipelines.contamination.scan",
    "pipelines.contamination.verify",
    "pipelines.dedup.deciding",
    "pipelines.dedup.joins",
    "pipelines.dedup.line_joins",
    "pipelines.dedup.preload",
    "pipelines.dedup.scatter",
    "pipelines.dedup.signatures",
    "pipelines.dedup.tables",
    "pipelines.encode",
    "pipelines.process.identify",
    "pipelines.process.judge",
    "pipelines.process.read",
    "pipelines.process.refuse",
    "pipelines.process.seal",
    "pipelines.process.write",
    "pipelines.site_lines.steps",
    "pipelines.token_counts",
)


class LocalEngine(Engine):
    """A process for each task, forked from one that has imported the steps: some ten milliseconds each.

    Args:
        workers: how many tasks run at once; by default one on each core.
    """

    kind: Literal["local"] = "local"
    workers: Annotated[int, Field(gt=0)] = Field(default_factory=lambda: os.cpu_count() or 1)

    @override
    def run_tasks(self, folder: Path, ranks: Sequence[int]) -> Generator[None, None, None]:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(IMPORTED_ONCE))
        waiting = deque(ranks)
        running: list[ForkServerProcess] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    process = context.Process(target=run_in_child, args=(folder, waiting.popleft()))
                    with no_main_module():
                        process.start()
                    running.append(process)
                connection.wait([process.sentinel for process in running], timeout=1)
                running = [process for process in running if process.is_alive()]
                yield
        finally:
            for process in running:
                process.kill()
                process.join()


@contextmanager
def no_main_module() -> Iterator[None]:
    """Keep a process that is started here from importing this one's main module again: Dagster's takes two seconds."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def run_in_child(folder: Path, rank: int) -> None:
    """Run a task in a process of its own, which lives no longer than the one that waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches every process of the terminal; the engine answers it
    threading.Thread(target=die_with_parent, daemon=True).start()
    log = os.open(Job(folder).log_file(rank), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    run_task(folder, rank)


def die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
