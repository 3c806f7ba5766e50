"""The progress of a job's tasks together, as a line for people."""

import time
from collections.abc import Callable

from pipelines.engines.job import Job
from pipelines.engines.progress import TaskState, read_state

FIRST_REPORT = 2.0  # seconds after the start: what is quicker needs none
MIN_SECONDS = 5.0
MAX_SECONDS = 60.0


class Monitor:
    """Reports the progress of a job, every few seconds at first and every minute in the long run.

    Rate and time left are measured from when it is made: what was completed before is not this run's work.
    """

    def __init__(self, job: Job, num_tasks: int, num_bytes: int, report: Callable[[str], None]) -> None:
        self._job = job
        self._num_tasks = num_tasks
        self._num_bytes = num_bytes
        self._report = report
        self._completed: dict[int, TaskState] = {}  # never changes again, so it is read once
        self._started = time.monotonic()
        self._due = self._started + FIRST_REPORT
        self._before = self._read()

    def look(self) -> None:
        """Report, if it is time to."""
        now = time.monotonic()
        if now >= self._due:
            elapsed = now - self._started
            self._due = now + min(MAX_SECONDS, max(MIN_SECONDS, elapsed / 10))
            state = self._read()
            bytes_per_second = (state.num_bytes - self._before.num_bytes) / elapsed
            tokens_per_second = (state.num_tokens - self._before.num_tokens) / elapsed
            self._report(
                f"{len(self._completed):,} of {self._num_tasks:,} tasks, {state.num_documents:,} documents, "
                f"{state.num_bytes / 1e6:,.1f} of {self._num_bytes / 1e6:,.1f} MB"
                + (f", {tokens_per_second:,.0f} tokens/s" if tokens_per_second > 0 else "")
                + speed(bytes_per_second, self._num_bytes - state.num_bytes)
            )

    def _read(self) -> TaskState:
        """The sums over all tasks that have begun."""
        running = []
        completed = self._job.completed()  # asked first: what these have told by now is final
        for path in (self._job.folder / "progress").iterdir():
            rank = int(path.stem)
            if rank in completed:
                self._completed[rank] = self._completed.get(rank) or read_state(path)
            else:
                running.append(read_state(path))
        states = [*self._completed.values(), *running]
        return TaskState(
            sum(state.num_documents for state in states),
            sum(state.num_bytes for state in states),
            sum(state.num_tokens for state in states),
        )


def speed(bytes_per_second: float, bytes_left: int) -> str:
    """Rate and time left, once there is a rate."""
    if bytes_per_second <= 0:
        return ""
    return f", {bytes_per_second / 1e6:,.1f} MB/s, {duration(bytes_left / bytes_per_second)} left"


def duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"
