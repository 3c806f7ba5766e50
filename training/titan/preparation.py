"""What the first process does before training starts, while the others wait for it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

SAID = "phaseline/said"
NUM_THROUGH = "phaseline/through"
SECONDS_BETWEEN_LOOKS = 0.2


def meet() -> dist.Store:
    """The store in which all processes of a run meet. Rank 0's may be the one that holds it, and has to keep it."""
    store, _, _ = next(dist.rendezvous("env://"))
    return store


def said_by_rank_zero(store: dist.Store, said: str) -> str:
    """What rank 0 says, on every rank."""
    if os.environ["RANK"] == "0":
        store.set(SAID, said)
    return store.get(SAID).decode()


@contextmanager
def all_wait_for_all(store: dist.Store, num_processes: int) -> Iterator[None]:
    """Leave the block when every rank is through it, which may hash terabytes. Where one fails in it, the others end
    with it.

    A process group would do the same, and its next one would find the addresses that it left in the store.
    """
    yield
    store.add(NUM_THROUGH, 1)
    while store.add(NUM_THROUGH, 0) < num_processes:
        time.sleep(SECONDS_BETWEEN_LOOKS)
