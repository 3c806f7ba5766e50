"""How far a task is, told through a small file in the shared folder: it reads the same on every engine.

The file also names what the task was reading when it died without a word.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

SECONDS_BETWEEN_WRITES = 1


@dataclass
class TaskState:
    """What a task has done so far, and the file that it reads."""

    num_documents: int = 0
    num_bytes: int = 0
    num_tokens: int = 0
    file: str | None = None


class Progress:
    """What a reading step tells about its task.

    Args:
        descriptor: the open file to write to; None where nobody looks.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._state = TaskState()
        self._due = 0.0
        self._length = 0

    def file(self, path: str) -> None:
        """The task begins to read a file. Written at once, for it is what a killed task leaves behind."""
        self._state.file = path
        self.write()

    @property
    def num_tokens(self) -> int:
        """How many tokens a model has read for the task so far."""
        return self._state.num_tokens

    def add(self, *, num_documents: int = 0, num_bytes: int = 0, num_tokens: int = 0) -> None:
        """The task has read so much more; written once a second."""
        self._state.num_documents += num_documents
        self._state.num_bytes += num_bytes
        self._state.num_tokens += num_tokens
        if time.monotonic() >= self._due:
            self.write()

    def write(self) -> None:
        """Write the state over the former one, in one call, so that a reader finds one or the other."""
        if self._descriptor is None:
            return
        self._due = time.monotonic() + SECONDS_BETWEEN_WRITES
        line = json.dumps(asdict(self._state)).encode().ljust(self._length)
        self._length = len(line)
        os.pwrite(self._descriptor, line, 0)


_of_this_task = Progress(None)


def task_progress() -> Progress:
    """Where a step tells the progress of the task that it is run for; outside of a task nobody listens."""
    return _of_this_task


@contextmanager
def progress_into(path: Path) -> Iterator[None]:
    """Let ``task_progress`` write to a file."""
    global _of_this_task  # noqa: PLW0603 (a process runs one task at a time)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    _of_this_task = Progress(descriptor)
    try:
        yield
        _of_this_task.write()
    finally:
        _of_this_task = Progress(None)
        os.close(descriptor)


def read_state(path: Path) -> TaskState:
    """A task's latest state; an empty one of a task that has not begun, or where it is being written."""
    try:
        return TaskState(**json.loads(path.read_bytes()))
    except (FileNotFoundError, json.JSONDecodeError):
        return TaskState()
