"""Trainers that take turns, each in processes of its own, and what their turns took."""

import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.training.commands import ended_early, training_environment
from benchmarks.training.turns import TURNS_VARIABLE, Stamp

SECONDS_TO_END = 60
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Turn:
    """What the steps of a turn took together, in seconds; ``cpu`` and ``waited`` are those of rank 0."""

    wall: float
    cpu: float
    waited: float


@dataclass(frozen=True)
class Trainer:
    """A trainer in its processes, at a place between two steps."""

    conductor: Connection
    log: Path
    process: subprocess.Popen[bytes]

    def turn(self, num_steps: int) -> Turn:
        """Let it run so many steps; raises TrainerEndedError if it cannot."""
        try:
            self.conductor.send(num_steps)
            began: Stamp = self.conductor.recv()
            ended: Stamp = self.conductor.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise ended_early(self.log, self.process.poll()) from error
        return Turn(ended.wall - began.wall, ended.cpu - began.cpu, ended.waited - began.waited)


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
                yield Trainer(conductor, log_path, process)
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
                raise ended_early(log, process.returncode) from None


def end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process whose conductor is gone, and which therefore ends; kill it if it does not."""
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
