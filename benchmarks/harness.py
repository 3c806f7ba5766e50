"""A benchmark: its contenders run by turns, each in a process of its own on one core, and are compared by medians.

Speed is over processor time, so that other work on the machine costs nobody: on one core that is the wall time of a run
which has the core for itself. Runs that had not are marked.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
CONTENDED = 0.9  # a run with a smaller share of its core was disturbed
THREAD_VARIABLES = [
    "ARROW_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
]


@dataclass(frozen=True)
class Contender:
    """One way to do the work: a module that ``benchmarks.contender`` drives.

    Args:
        num_parts: how many of the input's parts it gets; fewer for a slow one.
    """

    name: str
    module: str
    num_parts: int


@dataclass(frozen=True)
class Run:
    """What one process reported of the work alone: without imports, reading, or the first compilation."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int  # of the whole process
    output: Any


@dataclass(frozen=True)
class Result:
    """The medians of one contender's runs. ``agreed`` compares its output with ours on the same parts."""

    name: str
    speed: float  # in the benchmark's unit
    num_parts: int
    peak_bytes: int
    cpu_share: float  # the least share of its core that a run had
    scores: dict[str, float]
    agreed: bool


class Benchmark(ABC):
    """One question of speed. ``target`` is ours, in ``unit``; higher is better."""

    name: str
    unit: str
    target: float
    ours: Contender
    peers: Sequence[Contender]

    @abstractmethod
    def write_input(self, path: Path) -> str:
        """Write the input, the same on every machine; returns what it is, in a sentence."""

    @abstractmethod
    def amount(self, path: Path, num_parts: int) -> float:
        """How much work the first parts of the input are: speed is this over processor seconds."""

    @abstractmethod
    def judge(self, path: Path, num_parts: int, output: Any) -> dict[str, float]:
        """The quality of an output, by name."""

    @abstractmethod
    def agree(self, path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        """Whether an output says the same as ours does, on the first parts of the input."""

    @abstractmethod
    def limits(self, path: Path) -> dict[str, float]:
        """What the machine allows at best, in ``unit``, by name."""


def pin_to_one_core() -> None:
    """Keep this process and its children on one core, and their libraries to one thread."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ |= dict.fromkeys(THREAD_VARIABLES, "1")


def run_benchmark(
    benchmark: Benchmark, path: Path, peer_python: Path, report: Callable[[str], None]
) -> tuple[Result, list[Result]]:
    """Run ours and the peers by turns over an input; returns the results of ours and of each peer."""
    contenders = [benchmark.ours, *benchmark.peers]
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(ROUNDS):
        for contender in contenders:
            python = Path(sys.executable) if contender is benchmark.ours else peer_python
            run = run_once(python, contender, path)
            speed = benchmark.amount(path, contender.num_parts) / run.cpu_seconds
            report(f"round {number + 1} of {ROUNDS}: {contender.name} {speed:,.1f} {benchmark.unit}")
            runs[contender.name].append(run)
    ours = runs[benchmark.ours.name][0].output
    results = [summarise(benchmark, path, contender, runs[contender.name], ours) for contender in contenders]
    return results[0], results[1:]


def summarise(benchmark: Benchmark, path: Path, contender: Contender, runs: Sequence[Run], ours: Any) -> Result:
    """The medians of a contender's runs, and how good its output is."""
    output = runs[0].output
    return Result(
        name=contender.name,
        speed=benchmark.amount(path, contender.num_parts) / statistics.median(run.cpu_seconds for run in runs),
        num_parts=contender.num_parts,
        peak_bytes=max(run.peak_bytes for run in runs),
        cpu_share=min(run.cpu_seconds / run.wall_seconds for run in runs),
        scores=benchmark.judge(path, contender.num_parts, output),
        agreed=benchmark.agree(path, contender.num_parts, output, ours),
    )


def run_once(python: Path, contender: Contender, path: Path) -> Run:
    """One run in a process of its own; raises CalledProcessError, its output shown, where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "run.json"
        arguments = [contender.module, str(path), str(contender.num_parts), str(answer)]
        subprocess.run([python, "-m", "benchmarks.contender", *arguments], cwd=ROOT, env=environment(), check=True)
        return Run(**json.loads(answer.read_text()))


def environment() -> Mapping[str, str]:
    """The environment of every contender: no network, no chatter."""
    return os.environ | {"HF_HUB_OFFLINE": "1", "LOGURU_LEVEL": "ERROR", "TQDM_DISABLE": "1", "PYTHONPATH": str(ROOT)}
