"""Growth: what a loader takes to start and to seek, and the memory it holds, as the number of samples grows.

Each point is a process of its own. What took long is measured once, the rest a few times. Times are medians of
processor time, as in benchmarks.harness. A contender is asked for no more samples once a minute or much of the
machine's memory did not suffice, or once a size took so long that a minute cannot suffice for ten times as many.
"""

import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.memory import resident_bytes
from benchmarks.processes import ROOT, environment

ROUNDS = 3
LONG = 1.0  # seconds
TIME_LIMIT = 60  # seconds
MEMORY_LIMIT = 8 << 30  # bytes
TENFOLD = 12  # times as long, at least, for ten times as many samples: what grows, grows faster than its size
SIZES = (10**6, 10**7, 10**8, 10**9, 10**10)  # samples


@dataclass(frozen=True)
class Starter:
    """One way to bring samples into an order: a module that ``benchmarks.growth.starter`` drives."""

    name: str
    module: str
    ours: bool = False


@dataclass(frozen=True)
class Point:
    """One size. ``start_seconds`` until the first batch is there, ``seek_seconds`` from then to that in the middle."""

    num_samples: int
    start_seconds: float
    seek_seconds: float
    peak_bytes: int  # of the whole process


@dataclass(frozen=True)
class Curve:
    """The points of one contender, and why there are no more of them."""

    name: str
    points: list[Point]
    ended: str | None


def measure_growth(starters: Sequence[Starter], peer_python: Path, report: Callable[[str], None]) -> list[Curve]:
    """The curve of each contender over all sizes."""
    return [grow(starter, Path(sys.executable) if starter.ours else peer_python, report) for starter in starters]


def grow(starter: Starter, python: Path, report: Callable[[str], None]) -> Curve:
    """Measure larger and larger sizes, until one is too large."""
    points: list[Point] = []
    for num_samples in SIZES:
        tries: list[Point] = []
        while len(tries) < ROUNDS and (not tries or tries[0].start_seconds + tries[0].seek_seconds < LONG):
            outcome = start_once(python, starter, num_samples)
            if isinstance(outcome, str):
                report(f"{num_samples:,} samples: {starter.name} {outcome}")
                return Curve(starter.name, points, outcome)
            tries.append(outcome)
        points.append(median(tries))
        report(f"{num_samples:,} samples: {starter.name} starts in {points[-1].start_seconds:.3f} s")
        if points[-1].start_seconds > TIME_LIMIT / TENFOLD:
            return Curve(starter.name, points, f"would take over {TIME_LIMIT} s")
    return Curve(starter.name, points, None)


def start_once(python: Path, starter: Starter, num_samples: int) -> Point | str:
    """One point from a process of its own, or how it went over a limit; raises CalledProcessError where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "point.json"
        command = [
            str(python),
            "-m",
            "benchmarks.growth.starter",
            starter.module,
            folder,
            str(num_samples),
            str(TIME_LIMIT),
            str(answer),
        ]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(folder))
        if not stays_below(process, MEMORY_LIMIT):
            return f"takes over {MEMORY_LIMIT >> 30} GB"
        if process.returncode == -signal.SIGXCPU:
            return f"takes over {TIME_LIMIT} s"
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return Point(num_samples, **json.loads(answer.read_text()))


def stays_below(process: subprocess.Popen[bytes], num_bytes: int) -> bool:
    """Wait for a process, or end it where it holds more memory."""
    while process.poll() is None:
        if resident_bytes(process.pid) > num_bytes:
            process.kill()
            process.wait()
            return False
        time.sleep(0.02)
    return True


def median(points: Sequence[Point]) -> Point:
    return Point(
        points[0].num_samples,
        statistics.median(point.start_seconds for point in points),
        statistics.median(point.seek_seconds for point in points),
        int(statistics.median(point.peak_bytes for point in points)),
    )
