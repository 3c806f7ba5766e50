"""A benchmark: its contenders run by turns, each in a process of its own on one core, and are compared by medians.

Speed is over processor time, so that other work on the machine costs nobody: on one core that is the wall time of a run
which has the core for itself. Runs that had not are marked.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.growth.curves import Starter
from benchmarks.processes import ROOT, environment

ROUNDS = 3
CONTENDED = 0.9  # a run with a smaller share of its core was disturbed


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
class Target:
    """What ours is to reach: ``factor`` times the speed of another result or a limit; of the unit if none is named."""

    factor: float
    of: str | None = None

    def speed(self, speeds: Mapping[str, float]) -> float:
        """The speed to reach, given those of the variants, peers and limits by name."""
        return self.factor * (speeds[self.of] if self.of else 1.0)


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
    scores: dict[str, float | None]
    agreed: bool


class Benchmark(ABC):
    """One question of speed, in ``unit``; higher is better. ``variants`` are other work of ours, shown beside it.

    ``starters`` are those whose growth is measured as well.
    """

    name: str
    unit: str
    targets: Sequence[Target] = ()
    ours: Contender
    variants: Sequence[Contender] = ()
    peers: Sequence[Contender]
    starters: Sequence[Starter] = ()

    @abstractmethod
    def write_input(self, path: Path) -> str:
        """Write the input, a file or a folder, the same on every machine; returns what it is, in a sentence."""

    @abstractmethod
    def amount(self, path: Path, num_parts: int) -> float:
        """How much work the first parts of the input are: speed is this over processor seconds."""

    @abstractmethod
    def judge(self, path: Path, num_parts: int, output: Any) -> dict[str, float | None]:
        """The quality of an output, by name; None where a contender does not make what is judged."""

    @abstractmethod
    def agree(self, path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        """Whether an output says the same as ours does, on the first parts of the input."""

    @abstractmethod
    def limits(self, path: Path) -> dict[str, float]:
        """What the machine allows at best, in ``unit``, by name."""


def run_benchmark(
    benchmark: Benchmark, path: Path, peer_python: Path, report: Callable[[str], None]
) -> tuple[list[Result], list[Result]]:
    """Run all contenders by turns over an input; returns the results of ours with its variants, and of the peers."""
    mine = [benchmark.ours, *benchmark.variants]
    contenders = [*mine, *benchmark.peers]
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(ROUNDS):
        for contender in contenders:
            python = Path(sys.executable) if contender in mine else peer_python
            run = run_once(python, contender, path)
            speed = benchmark.amount(path, contender.num_parts) / run.cpu_seconds
            report(f"round {number + 1} of {ROUNDS}: {contender.name} {speed:,.1f} {benchmark.unit}")
            runs[contender.name].append(run)
    ours = runs[benchmark.ours.name][0].output
    results = [summarise(benchmark, path, contender, runs[contender.name], ours) for contender in contenders]
    return results[: len(mine)], results[len(mine) :]


def summarise(benchmark: Benchmark, path: Path, contender: Contender, runs: Sequence[Run], ours: Any) -> Result:
    """The medians of a contender's runs, and how good its output is."""
    output = runs[0].output
    return Result(
        name=contender.name,
        speed=benchmark.amount(path, contender.num_parts) / statistics.median(run.cpu_seconds for run in runs),
        num_parts=contender.num_parts,
        peak_bytes=int(statistics.median(run.peak_bytes for run in runs)),
        cpu_share=min(run.cpu_seconds / run.wall_seconds for run in runs),
        scores=benchmark.judge(path, contender.num_parts, output),
        agreed=benchmark.agree(path, contender.num_parts, output, ours),
    )


def run_once(python: Path, contender: Contender, path: Path) -> Run:
    """One run in a process of its own; raises CalledProcessError, its output shown, where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "run.json"
        arguments = [contender.module, str(path), str(contender.num_parts), str(answer)]
        command = [str(python), "-m", "benchmarks.contender", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment(folder), check=True)
        return Run(**json.loads(answer.read_text()))
