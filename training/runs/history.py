"""Who trained which steps: the machines, versions and settings of every stretch of steps between restarts.

It is handed on from checkpoint to checkpoint, so that it tells who trained the steps behind one, and leaves out those
whose steps were lost.
"""

from typing import Any

from pipelines.record import Entry


class Host(Entry):
    """A machine and the processes that trained on it, each with a device of its own unless it is a CPU."""

    name: str
    device: str  # of each process, as its maker names it
    num_processes: int
    num_cores: int


class Hardware(Entry):
    """Where the processes ran and on what; ``cuda`` is None without GPUs."""

    hosts: tuple[Host, ...]
    python: str
    torch: str
    torchtitan: str
    cuda: str | None

    @property
    def num_processes(self) -> int:
        return sum(host.num_processes for host in self.hosts)


class TrainedBy(Entry):
    """The processes between a start and a stop: when they started, where, from which code, with which settings.

    ``trainer`` is the declaration of the trainer as JSON.
    """

    started_at: str
    code: str
    hardware: Hardware
    trainer: dict[str, Any]


class Stint(Entry):
    """The steps [first_step, end_step) of a run under one manifest (``recipe@version``), by the same processes."""

    run: str
    manifest: str
    first_step: int
    end_step: int
    ended_at: str
    by: TrainedBy


def continued(history: tuple[Stint, ...], stint: Stint) -> tuple[Stint, ...]:
    """The history after some more steps, which prolong its last stint if the same processes trained them."""
    if stint.first_step == stint.end_step:
        return history
    if history and history[-1].model_copy(update={"end_step": stint.end_step, "ended_at": stint.ended_at}) == (
        stint.model_copy(update={"first_step": history[-1].first_step})
    ):
        return (*history[:-1], stint.model_copy(update={"first_step": history[-1].first_step}))
    return (*history, stint)
