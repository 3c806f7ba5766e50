"""Where a run's processes are started: on this machine, on several hosts, or by Slurm."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.declared import Declared

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Port = Annotated[int, Field(ge=1024, le=65535)]
Host = Annotated[str, Field(min_length=1)]

LOST_AFTER_SECONDS = 60


class LocalLaunch(Declared):
    """Processes on this machine: by default one for each GPU, or without GPUs two where there are cores for them."""

    kind: Literal["local"] = "local"
    num_processes: Positive | None = None


class TorchrunLaunch(Declared):
    """Processes on several hosts that see the same home under the same path. Each host runs the same command.

    Args:
        hosts: names or addresses, by which a host finds its place among them; the first one prepares the run and holds
            the rendezvous, so that nothing goes on without it.
        min_hosts: how few of them may be left for the run to go on by itself when one dies; by default all.
        processes_per_host: by default one for each GPU, or one without GPUs.
        port: of the rendezvous, on the first host.
        network_interface: over which the hosts talk to each other; by default the one that has a host's address.
        max_restarts: how often a run goes on by itself.
        lost_after_seconds: a host that has not answered for so long is taken for dead.
    """

    kind: Literal["torchrun"]
    hosts: tuple[Host, ...] = Field(min_length=1)
    min_hosts: Positive | None = None
    processes_per_host: Positive | None = None
    port: Port = 29500
    network_interface: str | None = None
    max_restarts: NotNegative = 3
    lost_after_seconds: Positive = LOST_AFTER_SECONDS

    @property
    def fewest_hosts(self) -> int:
        """With how many hosts the run goes on."""
        return self.min_hosts or len(self.hosts)

    @model_validator(mode="after")
    def _fits(self) -> "TorchrunLaunch":
        if self.fewest_hosts > len(self.hosts):
            raise ValueError(f"min_hosts is {self.min_hosts}, and there are {len(self.hosts)} hosts")
        return self


class SlurmLaunch(Declared):
    """A job of a Slurm cluster whose nodes see the same home and the same Python; submitted here, and followed.

    Args:
        partition: where it runs.
        nodes: how many.
        processes_per_node: by default one for each GPU, or one without GPUs.
        gpus_per_node: reserved on each node.
        cpus_per_process: reserved for each process.
        time: the limit of the job, as ``sbatch --time`` takes it.
        requeue: whether the job goes back into the queue when a node fails, and at its limit with a checkpoint.
        sbatch: further options of sbatch by name, such as ``account`` or ``qos``.
        environment: shell commands to run before Python, such as ``module load``.
        lost_after_seconds: a node that has not answered for so long is taken for dead.
    """

    kind: Literal["slurm"]
    partition: str
    nodes: Positive = 1
    processes_per_node: Positive | None = None
    gpus_per_node: NotNegative = 0
    cpus_per_process: Positive = 1
    time: str = "24:00:00"
    requeue: bool = False
    sbatch: Mapping[str, str] = Field(default_factory=dict)
    environment: str = ""
    lost_after_seconds: Positive = LOST_AFTER_SECONDS

    @property
    def num_processes_per_node(self) -> int:
        """Of which each has a GPU, where there are any."""
        return self.processes_per_node or self.gpus_per_node or 1

    @model_validator(mode="after")
    def _fits(self) -> "SlurmLaunch":
        if self.gpus_per_node and self.num_processes_per_node > self.gpus_per_node:
            raise ValueError(f"{self.processes_per_node} processes on a node cannot share {self.gpus_per_node} GPUs")
        return self


Launch = Annotated[LocalLaunch | TorchrunLaunch | SlurmLaunch, Field(discriminator="kind")]
