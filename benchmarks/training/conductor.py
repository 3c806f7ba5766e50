"""Trainers that take turns, each in processes of its own, and what their turns took."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.processes import ROOT, environment
from benchmarks.training.spans import SPANS_VARIABLE, Span, read_spans
from benchmarks.training.turns import TURNS_VARIABLE, Stamp
from pipelines.store import Store
from training.declared.launch import LocalLaunch
from training.declared.trainer import TrainerDeclaration
from training.launching.follow import KEEP_FREED_PAGES
from training.launching.launcher import Stretch, torchrun
from training.launching.local import HERE, LocalLauncher
from training.runs.run import Run

SECONDS_TO_END = 60
SECONDS_BETWEEN_LOOKS = 1.0
LINES_SHOWN = 12  # of the log of a trainer that failed


@dataclass(frozen=True)
class Turn:
    """What the steps of a turn took together, in seconds; ``cpu`` and ``waited`` are those of rank 0."""

    wall: float
    cpu: float
    waited: float


class TrainerEndedError(Exception):
    """A trainer ended before it was told to; with the last lines of its log."""


@dataclass(frozen=True)
class Trainer:
    """A trainer in its processes, at a place between two steps."""

    conductor: Connection
    log: Path

    def turn(self, num_steps: int) -> Turn:
        """Let it run so many steps; raises TrainerEndedError if it cannot."""
        try:
            self.conductor.send(num_steps)
            began: Stamp = self.conductor.recv()
            ended: Stamp = self.conductor.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise ended_early(self.log) from error
        return Turn(ended.wall - began.wall, ended.cpu - began.cpu, ended.waited - began.waited)


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


@contextmanager
def trainers(commands: Mapping[str, Sequence[str]], folder: Path) -> Iterator[dict[str, Trainer]]:
    """All of them at once, each before its first step; their logs go to the folder."""
    with ExitStack() as running:
        yield {name: running.enter_context(trainer(name, command, folder)) for name, command in commands.items()}


@contextmanager
def trainer(name: str, command: Sequence[str], folder: Path) -> Iterator[Trainer]:
    """A trainer before its first step; its processes end with the block.

    Raises:
        TrainerEndedError: it did not get that far.
    """
    address, log_path = folder / f"{name}.socket", folder / f"{name}.log"
    variables = training_environment(folder) | {TURNS_VARIABLE: str(address)}
    with log_path.open("w") as log, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            with connection(listener, process, log_path) as conductor:
                conductor.recv()
                yield Trainer(conductor, log_path)
        finally:
            end(process)
            address.unlink()


def connection(listener: socket.socket, process: subprocess.Popen[bytes], log: Path) -> Connection:
    """The connection that a trainer opens as it starts; raises TrainerEndedError if it ends instead."""
    listener.settimeout(SECONDS_BETWEEN_LOOKS)
    while True:
        try:
            return Connection(listener.accept()[0].detach())
        except TimeoutError:
            if process.poll() is not None:
                raise ended_early(log) from None


def ended_early(log: Path) -> TrainerEndedError:
    return TrainerEndedError("\n".join(log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]))


def end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process whose conductor is gone, and which therefore ends; kill it if it does not."""
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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
        raise ended_early(log_path)
    return list(read_spans(path))


def training_environment(folder: Path) -> dict[str, str]:
    """The environment of every training process: that of this trainer's launcher, with one thread for each."""
    return dict(environment(str(folder))) | KEEP_FREED_PAGES | {"OMP_NUM_THREADS": "1"}
