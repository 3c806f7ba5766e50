"""A trainer's part in taking turns: it runs a few steps at the conductor's word, then waits while others run theirs.

So whatever else a machine does hits all trainers alike, within seconds. What a turn takes is all that lies between the
beginning of its first step and that of the one after its last: reading, logging, saving.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection
from typing import Any

TURNS_VARIABLE = "BENCHMARK_TURNS"  # the conductor's address


@dataclass(frozen=True)
class Stamp:
    """A moment between two steps, by the clocks of a process, in seconds.

    ``cpu`` counts all threads; ``waited`` is the time that the trainer has waited for its loader until then.
    """

    wall: float
    cpu: float
    waited: float


class Turns:
    """Stands between the steps of a trainer."""

    def __init__(self, conductor: Connection) -> None:
        self.conductor = conductor
        self.steps_left = 0
        self.waited = 0.0

    def before_step(self) -> None:
        """Begin a step, once there is a turn: tell the conductor what the last one took, and wait for the next."""
        if not self.steps_left:
            self.conductor.send(self.stamp())
            self.steps_left = self.conductor.recv()
            self.conductor.send(self.stamp())
        self.steps_left -= 1

    def stamp(self) -> Stamp:
        """This moment, when the device has done all that it was given."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return Stamp(time.perf_counter(), time.process_time(), self.waited)

    def clocked(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The batches of a loader; waiting for them is counted."""
        iterator = iter(batches)
        while True:
            started = time.perf_counter()
            try:
                batch = next(iterator)
            except StopIteration:
                return
            finally:
                self.waited += time.perf_counter() - started
            yield batch


def take_turns(trainer: Any, loader: Any) -> None:
    """Let trainers of a class step in turns, in the process of rank 0; the other ranks wait for that one in each step.

    Args:
        trainer, loader: classes.
    """
    if os.environ.get("RANK", "0") != "0":
        return
    turns = Turns(Client(os.environ[TURNS_VARIABLE]))
    step: Callable[..., None] = trainer.train_step
    batches: Callable[..., Iterator[Any]] = loader.__iter__

    def step_in_turn(self: Any, data_iterator: Iterator[Any]) -> None:
        turns.before_step()
        step(self, data_iterator)

    trainer.train_step = step_in_turn
    loader.__iter__ = lambda self: turns.clocked(batches(self))
