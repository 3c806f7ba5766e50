"""Two hosts: network namespaces on this machine, joined by a cable, with the disk in common."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from training.declared.trainer import TrainerDeclaration
from training.launching.follow import REPOSITORY

LOST_AFTER_SECONDS = 6
PORT = 29555

TRAIN = """
import sys; from pathlib import Path; from pipelines.store import Store; from pipelines.errors import PhaselineError
from training.declared.trainer import TrainerDeclaration; from training.launching.launch import train
from training.launching.helping import help_train, helping_launcher
store = Store(Path(sys.argv[1]))
trainer = TrainerDeclaration.model_validate_json(sys.argv[2])
report = lambda sentence: print(sentence, flush=True)
helping = helping_launcher(trainer)
try:
    if helping is not None:
        help_train(store, "small", "second", trainer, helping, report)
    else:
        manifest = store.require("manifests/small")
        train(store, manifest, until_step=int(sys.argv[3]), trainer=trainer, report=report)
except PhaselineError as error:
    print(error.what)
"""


class Host:
    """A host by its number, from 1."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"phaseline-{os.getpid()}-{number}"
        self.address = f"10.77.0.{number}"
        self.interface = f"v{os.getpid()}n{number}"

    def train(self, home: Path, trainer: TrainerDeclaration, until_step: int) -> "Command":
        """Start the same command that the other host runs."""
        program = [sys.executable, "-c", TRAIN, str(home), trainer.model_dump_json(), str(until_step)]
        return Command(["ip", "netns", "exec", self.name, *program], home / f"{self.name}.txt")

    def die(self) -> None:
        """Lose power: the network first, so that nothing that its processes do in their end is heard."""
        ip("-n", self.name, "link", "set", self.interface, "down")
        self.kill()

    def kill(self) -> None:
        """Kill all of its processes."""
        for process in ip("netns", "pids", self.name).split():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)

    def come_back(self) -> None:
        ip("-n", self.name, "link", "set", self.interface, "up")


class Command:
    """A command that runs on a host, and what it has said."""

    def __init__(self, command: list[str], output: Path) -> None:
        self.output = output
        with output.open("w") as file:
            self.process = subprocess.Popen(command, cwd=REPOSITORY, stdout=file, stderr=subprocess.STDOUT)

    def said(self) -> str:
        return self.output.read_text()


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    if os.geteuid() or shutil.which("ip") is None:
        pytest.skip("network namespaces need root, and iproute2")
    hosts = (Host(1), Host(2))
    try:
        for host in hosts:
            ip("netns", "add", host.name)
        first, second = hosts
        ip("link", "add", first.interface, "type", "veth", "peer", "name", second.interface)
        for host in hosts:
            ip("link", "set", host.interface, "netns", host.name)
            ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", host.interface)
            ip("-n", host.name, "link", "set", host.interface, "up")
            ip("-n", host.name, "link", "set", "lo", "up")
        yield hosts
    finally:
        for host in hosts:
            host.kill()
            ip("netns", "del", host.name)


def across(hosts: tuple[Host, Host], **launch: Any) -> TrainerDeclaration:
    """A process on each host, with a checkpoint every five steps."""
    declared = {
        "kind": "torchrun",
        "hosts": [host.address for host in hosts],
        "processes_per_host": 1,
        "port": PORT,
        "lost_after_seconds": LOST_AFTER_SECONDS,
        **launch,
    }
    return TrainerDeclaration.model_validate({"launch": declared, "checkpoints": {"every_steps": 5}})


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
