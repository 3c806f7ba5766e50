"""Where training went on in new processes: a line of ``restarts.jsonl`` each time, which nothing removes."""

from datetime import UTC, datetime
from typing import TypedDict

from training.runs.rows import read_rows, write_rows
from training.runs.run import Run


class Restart(TypedDict):
    """The steps that were done, the time (ISO 8601, UTC), and on how many processes training went on."""

    step: int
    time: str
    num_processes: int


def add_restart(run: Run, step: int, num_processes: int) -> None:
    """Note that training goes on from a step."""
    restart = Restart(step=step, time=datetime.now(UTC).isoformat(timespec="seconds"), num_processes=num_processes)
    write_rows(run.restarts, [*read_restarts(run), restart])


def read_restarts(run: Run) -> list[Restart]:
    """Every restart of a run, in the order of time."""
    return read_rows(run.restarts)
