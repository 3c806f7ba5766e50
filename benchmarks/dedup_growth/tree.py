"""What a process and all its descendants take together, as the operating system counts it."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.memory import resident_bytes

SECONDS_BETWEEN_LOOKS = 0.1
TICKS = os.sysconf("SC_CLK_TCK")


class Taken(NamedTuple):
    """What a finished command has taken."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int  # resident at once in all its processes; what they share is counted in each


def run_watched(process: subprocess.Popen[bytes]) -> Taken:
    """Wait for a process, looking at it and its descendants; raises CalledProcessError where it fails."""
    started = time.perf_counter()
    cpu_seconds, peak_bytes = 0.0, 0
    while process.poll() is None:
        processes = list(descendants(process.pid))
        peak_bytes = max(peak_bytes, sum(resident(pid) for pid in processes))
        cpu_seconds = max(cpu_seconds, sum(processor_seconds(pid) for pid in processes))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Taken(time.perf_counter() - started, cpu_seconds, peak_bytes)


def descendants(pid: int) -> Iterator[int]:
    """A process and what it has started, directly or not."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # it has ended since
            continue
        for child in children:
            yield from descendants(int(child))


def resident(pid: int) -> int:
    try:
        return resident_bytes(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def processor_seconds(pid: int) -> float:
    """Of a process and those of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICKS
