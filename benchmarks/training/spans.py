"""Clocks around functions of a process: when each call began and ended, as lines of JSON."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import Any

SPANS_VARIABLE = "BENCHMARK_SPANS"  # the file


@dataclass(frozen=True)
class Span:
    """A call, on two clocks in seconds: that of the wall, and the processor's, of all threads of the process."""

    name: str
    started: float
    ended: float
    cpu_started: float
    cpu_ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    @property
    def cpu_seconds(self) -> float:
        return self.cpu_ended - self.cpu_started


def clock(owner: Any, function: str, name: str) -> None:
    """Put a clock around a function of a class or module, under a name."""
    original = getattr(owner, function)

    @wraps(original)
    def clocked(*arguments: Any, **options: Any) -> Any:
        started, cpu_started = time.monotonic(), time.process_time()
        try:
            return original(*arguments, **options)
        finally:
            write(Span(name, started, time.monotonic(), cpu_started, time.process_time()))

    setattr(owner, function, clocked)


def mark(name: str) -> None:
    """Write that a place was reached, if anybody asks for spans."""
    if SPANS_VARIABLE in os.environ:
        wall, cpu = time.monotonic(), time.process_time()
        write(Span(name, wall, wall, cpu, cpu))


def write(span: Span) -> None:
    with Path(os.environ[SPANS_VARIABLE]).open("a") as file:
        file.write(f"{json.dumps(asdict(span))}\n")


def read_spans(path: Path) -> Iterator[Span]:
    """All spans of a file, in the order in which they ended."""
    for line in path.read_text().splitlines():
        yield Span(**json.loads(line))
