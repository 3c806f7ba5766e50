"""The folder in which the tasks of one run of steps meet: what is to be run, what has ended, and how."""

import json
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.engines.progress import read_state

if TYPE_CHECKING:
    from datatrove.pipeline.base import PipelineStep
    from datatrove.utils.stats import PipelineStats

FOLDERS = ("progress", "logs", "failures", "completed")


@dataclass(frozen=True)
class Failure:
    """Why a task did not end well; ``remedy`` is what its exception asks for."""

    reason: str
    remedy: str | None = None


KILLED = Failure("it was killed: by hand, for its memory, or for its time")


class Job:
    """A run of steps in a folder that every task sees.

    ::

        steps.pickle             the steps, and the number of tasks
        progress/00003.json      how far task 3 is, and what it reads
        logs/00003.txt           what it printed, and the traceback of its exception
        failures/00003.json      the exception that ended it
        completed/00003.pickle   its statistics, written when it has ended well

    The marks of completed tasks hold as long as the folder does, so a later run continues where this one stopped.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self, steps: Sequence["PipelineStep"], num_tasks: int) -> None:
        """Write down what is to be run."""
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "steps.pickle", pickle.dumps((list(steps), num_tasks)))

    def load(self) -> tuple[list["PipelineStep"], int]:
        """The steps and the number of tasks."""
        steps, num_tasks = pickle.loads((self.folder / "steps.pickle").read_bytes())
        return steps, num_tasks

    def progress_file(self, rank: int) -> Path:
        return self.folder / f"progress/{rank:05d}.json"

    def log_file(self, rank: int) -> Path:
        return self.folder / f"logs/{rank:05d}.txt"

    def complete(self, rank: int, stats: "PipelineStats") -> None:
        """Mark a task as completed."""
        write_whole(self._completed(rank), pickle.dumps(stats))

    def completed(self) -> set[int]:
        """The tasks that have ended well. Listed, because a shared file system is slow to show a file asked for."""
        return {int(path.stem) for path in (self.folder / "completed").glob("*.pickle")}

    def pending(self, num_tasks: int) -> list[int]:
        """The tasks that have not, ascending."""
        return sorted(set(range(num_tasks)) - self.completed())

    def stats(self, ranks: Iterable[int]) -> "PipelineStats":
        """The statistics of completed tasks, summed."""
        from datatrove.utils.stats import PipelineStats

        return sum((pickle.loads(self._completed(rank).read_bytes()) for rank in ranks), start=PipelineStats())

    def fail(self, rank: int, failure: Failure, traceback: str) -> None:
        """Write down the exception that ended a task."""
        with self.log_file(rank).open("a") as log:
            log.write(traceback)
        write_whole(self._failure(rank), json.dumps(asdict(failure)).encode())

    def failure(self, rank: int) -> Failure:
        """Why a task is not completed: what it wrote itself, or else it was killed."""
        path = self._failure(rank)
        return Failure(**json.loads(path.read_bytes())) if path.is_file() else KILLED

    def file_of(self, rank: int) -> str | None:
        """The file that a task was reading when it ended."""
        return read_state(self.progress_file(rank)).file

    def forget(self, ranks: Iterable[int]) -> None:
        """Remove what earlier attempts of tasks have left behind."""
        for rank in ranks:
            for path in (self.progress_file(rank), self.log_file(rank), self._failure(rank)):
                path.unlink(missing_ok=True)

    def _completed(self, rank: int) -> Path:
        return self.folder / f"completed/{rank:05d}.pickle"

    def _failure(self, rank: int) -> Path:
        return self.folder / f"failures/{rank:05d}.json"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it, so that nobody sees half of it."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(content)
    beside.rename(path)
