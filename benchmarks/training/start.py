"""Seconds from the command of a training process to its first step done, by what takes them."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import aligned
from benchmarks.training.commands import ours, stock, train_observed
from benchmarks.training.home import write_run
from benchmarks.training.speed import TRAINED

ROUNDS = 5
NUM_STEPS = 8  # of the run; a process does one of them


@dataclass(frozen=True)
class Start:
    """How a trainer starts. ``cpu_seconds`` of each part are those of all its threads."""

    cpu_seconds: dict[str, float]
    wall_seconds: float


def measure_start(report: Callable[[str], None], rounds: int = ROUNDS) -> dict[str, Start]:
    """This trainer where it begins a run and where it continues one, and torchtitan's, by turns; the medians."""
    report(f"start of {TRAINED.model}; load average {os.getloadavg()[0]:.1f} before")
    starts: dict[str, list[Start]] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        store, run = write_run(folder / "home", TRAINED, NUM_STEPS)
        declaration = folder / "run.json"
        shutil.copy(run.folder / declaration.name, declaration)
        for number in range(1 + rounds):  # the first one compiles, and fills caches
            shutil.rmtree(run.folder)
            run.folder.mkdir()
            shutil.copy(declaration, run.folder)
            commands = {
                "phaseline, a new run": ours(store, run, 1, 1, every_steps=NUM_STEPS),
                "phaseline, continued": ours(store, run, 2, 1, every_steps=NUM_STEPS),
                "torchtitan": stock(store, run, 1, 1, "same"),
            }
            for name, command in commands.items():
                start = measure(command, folder)
                report(f"start {number} of {rounds}: {name} {sum(start.cpu_seconds.values()):.2f} s")
                if number:
                    starts.setdefault(name, []).append(start)
            shutil.rmtree(store.root / "stock")
    return {name: medians(several) for name, several in starts.items()}


def measure(command: Sequence[str], folder: Path) -> Start:
    """Run a training process for a step. What this benchmark does in it before training begins is left out."""
    called = time.monotonic()
    spans = {span.name: span for span in train_observed(command, folder)}
    imported, configured, group, loader, trainer, load, step = (
        spans[name] for name in ("imported", "configured", "process group", "loader", "trainer", "load", "step")
    )
    parts = {
        "imports": imported.cpu_started,
        "manifest, verification": trainer.cpu_started - configured.cpu_started,
        "process group": group.cpu_seconds,
        "model, optimizer": trainer.cpu_seconds - group.cpu_seconds - loader.cpu_seconds,
        "loader": loader.cpu_seconds,
        "checkpoint": load.cpu_ended - trainer.cpu_ended,
        "first step": step.cpu_ended - load.cpu_ended,
    }
    return Start(parts, step.ended - configured.ended + imported.ended - called)


def medians(starts: Sequence[Start]) -> Start:
    """Those of some starts, part by part."""
    parts = {part: statistics.median(start.cpu_seconds[part] for start in starts) for part in starts[0].cpu_seconds}
    return Start(parts, statistics.median(start.wall_seconds for start in starts))


def start_table(starts: Mapping[str, Start]) -> Iterator[str]:
    """A row for each part and a column for each trainer."""
    columns = list(starts.values())
    rows = [["CPU seconds to the first step done", *starts]]
    rows += [[part, *(f"{start.cpu_seconds[part]:.2f}" for start in columns)] for part in columns[0].cpu_seconds]
    rows.append(["all", *(f"{sum(start.cpu_seconds.values()):.2f}" for start in columns)])
    rows.append(["wall seconds", *(f"{start.wall_seconds:.2f}" for start in columns)])
    return aligned(rows)
