"""Processes on this machine."""

import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import override

from pipelines.errors import PhaselineError
from training.declared.launch import LocalLaunch
from training.launching.follow import Follower, follow
from training.launching.launcher import Launcher, Stretch, torchrun
from training.launching.machine import obstacles_of_machine
from training.launching.processes import default_num_processes
from training.manifest import Manifest

# Their rendezvous is on a free port, and no name of this machine has to be known to any server of names.
HERE = ("--standalone", "--local-addr=localhost")


@dataclass(frozen=True)
class LocalLauncher(Launcher):
    """A single process, or several below torchrun."""

    declared: LocalLaunch

    @override
    def num_processes(self, manifest: Manifest) -> list[int]:
        return [self.declared.num_processes or default_num_processes(manifest)]

    @override
    def obstacles(self, stretch: Stretch) -> Iterator[PhaselineError]:
        [num_processes] = self.num_processes(stretch.run.manifest)
        yield from obstacles_of_machine(stretch, num_processes, num_processes)

    @override
    def describe(self, stretch: Stretch) -> str:
        return shlex.join(self.command(stretch))

    @override
    def launch(self, stretch: Stretch, follower: Follower) -> int:
        [num_processes] = self.num_processes(stretch.run.manifest)
        return follow(self.command(stretch), num_processes, follower, stretch.trainer.checkpoints.grace_seconds)

    def command(self, stretch: Stretch) -> list[str]:
        """The command line; a single process needs no torchrun."""
        [num_processes] = self.num_processes(stretch.run.manifest)
        several = torchrun(*HERE, f"--nproc-per-node={num_processes}")
        return [*(several if num_processes > 1 else [sys.executable]), *stretch.program, "--end-with-stdin"]
