"""Running one step after another on an engine, each in a folder of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datatrove.pipeline.base import PipelineStep

from pipelines.engines import Engine


@dataclass(frozen=True)
class Runner:
    """An engine, and the folder that holds what its tasks write until all of them are done."""

    engine: Engine
    work: Path
    report: Callable[[str], None]

    def folder(self, name: str) -> Path:
        """A folder for files on the way."""
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run(self, step: PipelineStep, num_tasks: int, name: str, num_bytes: int) -> dict[str, float]:
        """Run the tasks of a step and return the sums of its statistics; ``name`` is unlike that of any other run."""
        self.report(f"{step.name}: {num_tasks:,} tasks")
        stats = self.engine.run([step], num_tasks, self.folder("tasks") / name, num_bytes=num_bytes, report=self.report)
        return {key: value.total for key, value in stats.stats[0].stats.items()}
