"""An engine that costs no process."""

from collections.abc import Generator, Sequence
from pathlib import Path

from pipelines.engines import Engine
from pipelines.engines.task import run_task


class InlineEngine(Engine):
    """Runs all tasks in this process, one after the other."""

    def run_tasks(self, folder: Path, ranks: Sequence[int]) -> Generator[None, None, None]:
        for rank in ranks:
            run_task(folder, rank)
            yield
