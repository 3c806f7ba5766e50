"""The processes that are measured: this trainer's and torchtitan's, for the same run."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import ROOT, environment
from benchmarks.training.spans import SPANS_VARIABLE, Span, read_spans
from pipelines.store import Store
from training.declared.launch import LocalLaunch
from training.declared.trainer import TrainerDeclaration
from training.launching.follow import KEEP_FREED_PAGES
from training.launching.launcher import Stretch, torchrun
from training.launching.local import HERE, LocalLauncher
from training.runs.run import Run

LINES_SHOWN = 12  # of the log of a trainer that failed


class TrainerEndedError(Exception):
    """A trainer ended before it was told to; with the last lines of its log."""


def ours(store: Store, run: Run, until_step: int, num_processes: int, every_steps: int) -> list[str]:
    """The command of this trainer, which ends with its conductor instead of with its standard input."""
    launch = LocalLaunch(num_processes=num_processes)
    trainer = TrainerDeclaration.model_validate({"checkpoints": {"every_steps": every_steps}})
    command = LocalLauncher(launch).command(Stretch(store, run, until_step, trainer))
    observed = {"training.titan": ["benchmarks.training.ours"], "--end-with-stdin": []}
    return [argument for part in command for argument in observed.get(part, [part])]


def stock(store: Store, run: Run, num_steps: int, num_processes: int, settings: str) -> list[str]:
    """The command of torchtitan's trainer."""
    several = torchrun(*HERE, f"--nproc-per-node={num_processes}")
    arguments = [str(store.root), run.name, str(num_steps), str(store.root / "stock"), settings]
    start = several if num_processes > 1 else [sys.executable]
    return [*start, "-m", "benchmarks.training.stock", *arguments]


def training_environment(folder: Path) -> dict[str, str]:
    """The environment of every training process: that of this trainer's launcher, with one thread for each."""
    return dict(environment(str(folder))) | KEEP_FREED_PAGES | {"OMP_NUM_THREADS": "1"}


def train_observed(command: Sequence[str], folder: Path) -> list[Span]:
    """Run a training process to its end; returns what the clocks in it have shown.

    Raises:
        TrainerEndedError: it failed.
    """
    path, log_path = folder / "spans.jsonl", folder / "train.log"
    path.unlink(missing_ok=True)
    variables = training_environment(folder) | {SPANS_VARIABLE: str(path)}
    with log_path.open("w") as log:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise ended_early(log_path, done.returncode)
    return list(read_spans(path))


def ended_early(log: Path, status: int | None) -> TrainerEndedError:
    """How a process ended, None if it has not yet: its exit status or, negative, the signal that killed it."""
    lines = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
    return TrainerEndedError("\n".join([*lines, f"exit status {status}"]))
