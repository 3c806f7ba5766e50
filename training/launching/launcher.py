"""What every way to start a run's processes can say and do."""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.launching.follow import Follower
from training.launching.processes import gpu_num_bytes
from training.manifest import Manifest
from training.runs.run import Run


@dataclass(frozen=True)
class Stretch:
    """What is to be trained: a run, from wherever it stands until ``until_step`` steps are done."""

    store: Store
    run: Run
    until_step: int
    trainer: TrainerDeclaration

    @property
    def program(self) -> list[str]:
        """The module of a training process and its arguments; of the trainer, what is not as by default."""
        declared = self.trainer.model_dump(mode="json", exclude_defaults=True)
        declared["launch"] = {"kind": self.trainer.launch.kind, **declared.get("launch", {})}
        return [
            "-m",
            "training.titan",
            self.run.name,
            f"--home={self.store.root.resolve()}",
            f"--until-step={self.until_step}",
            f"--trainer={json.dumps(declared)}",
        ]


class Launcher(ABC):
    """Starts the processes of a run, follows them, and ends them with the caller."""

    @abstractmethod
    def num_processes(self, manifest: Manifest) -> list[int]:
        """How many processes train the run, on all hosts together: as many as there are at first, then fewer."""

    def gpu_num_bytes(self) -> int | None:
        """The memory of the GPU that each process has: this machine's; None where they have none."""
        return gpu_num_bytes()

    def is_running(self, stretch: Stretch) -> bool:  # noqa: ARG002, for whoever can know
        """Whether an earlier command started it, and it outlived that one: then ``launch`` follows it."""
        return False

    @abstractmethod
    def obstacles(self, stretch: Stretch) -> Iterator[PhaselineError]:
        """What is in the way of starting here."""

    @abstractmethod
    def describe(self, stretch: Stretch) -> str:
        """What would be run, as a shell would take it."""

    @abstractmethod
    def launch(self, stretch: Stretch, follower: Follower) -> int:
        """Run it to its end before the follower, and end it with the caller; returns the exit status."""


def torchrun(*options: str) -> list[str]:
    """The beginning of a torchrun command of this Python."""
    return [sys.executable, "-m", "torch.distributed.run", *options]
