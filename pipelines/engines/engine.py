"""What all engines do: run what is pending, try again what failed, tell the progress, name what failed for good."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.declared import Declared
from pipelines.engines.job import Job
from pipelines.engines.monitor import Monitor
from pipelines.errors import PhaselineError

if TYPE_CHECKING:  # datatrove takes a second to import, and most commands run nothing
    from datatrove.pipeline.base import PipelineStep
    from datatrove.utils.stats import PipelineStats

MAX_ATTEMPTS = 3
MAX_NAMED = 5


class Engine(Declared, ABC):
    """Processes that share a folder. Results depend neither on the engine nor on its settings."""

    @abstractmethod
    def run_tasks(self, folder: Path, ranks: Sequence[int]) -> Generator[None, None, None]:
        """Call ``run_task(folder, rank)`` for each rank, each in a process that may die alone.

        Yields every second or so, until all have ended, well or not. Closing the generator ends what is still running.

        Raises:
            PhaselineError: the engine is not there.
        """

    def run(
        self,
        steps: Sequence["PipelineStep"],
        num_tasks: int,
        folder: Path,
        *,
        num_bytes: int,
        report: Callable[[str], None],
    ) -> "PipelineStats":
        """Run a list of steps for each task and return their statistics, summed over tasks.

        Task ``rank`` of ``num_tasks`` sees the steps' ``run(data, rank, num_tasks)``; what belongs to a rank is decided
        by the data alone. A task that is run again writes the same files again. A step that reads tells
        ``task_progress()`` what it reads.

        Args:
            steps: what each task runs; they are pickled.
            num_tasks: how many tasks there are.
            folder: what has been completed is kept there: the same steps over the same folder go on with the rest.
            num_bytes: what all tasks will read together.
            report: is told the progress every few seconds, and which tasks are tried again.

        Raises:
            PhaselineError: a task failed three times. The message names the file that it was reading. All other
                tasks have been completed.
        """
        job = Job(folder)
        job.prepare(steps, num_tasks)
        monitor = Monitor(job, num_tasks, num_bytes, report)
        if num_completed := len(job.completed()):
            report(f"going on: {num_completed:,} of {num_tasks:,} tasks were completed before")
        for attempt in range(MAX_ATTEMPTS):
            pending = job.pending(num_tasks)
            if not pending:
                break
            if attempt:
                report_failures(job, pending, report)
            job.forget(pending)
            with closing(self.run_tasks(folder, pending)) as beats:
                for _ in beats:
                    monitor.look()
        if failed := job.pending(num_tasks):
            raise failed_for_good(job, failed, num_tasks)
        return job.stats(range(num_tasks))


def report_failures(job: Job, ranks: Sequence[int], report: Callable[[str], None]) -> None:
    for rank in ranks[:MAX_NAMED]:
        report(f"trying again: {describe(job, rank)}")
    if len(ranks) > MAX_NAMED:
        report(f"trying again: {len(ranks) - MAX_NAMED:,} more tasks")


def failed_for_good(job: Job, ranks: Sequence[int], num_tasks: int) -> PhaselineError:
    """The message for tasks that have failed in every attempt."""
    lines = [f"{len(ranks):,} of {num_tasks:,} tasks failed {MAX_ATTEMPTS} times:"]
    lines += [f"  {describe(job, rank)}" for rank in ranks[:MAX_NAMED]]
    if len(ranks) > MAX_NAMED:
        lines.append(f"  and {len(ranks) - MAX_NAMED:,} more")
    remedy = job.failure(ranks[0]).remedy or f"mend or exclude the files named above; {job.folder / 'logs'} says more"
    return PhaselineError("\n".join(lines), f"{remedy}. The same command then goes on with what is left")


def describe(job: Job, rank: int) -> str:
    """A task that has failed, in a line."""
    file = job.file_of(rank)
    return f"task {rank}{f', reading {file}' if file else ''}: {job.failure(rank).reason}"
