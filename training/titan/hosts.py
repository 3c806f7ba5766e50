"""How the processes of a run notice that another host is gone, and what becomes of the run then.

Nothing tells a process that another host lost its power or its network: a collective would wait until its own timeout,
which is long, because rank 0 may record a large checkpoint meanwhile. So the first process of each host counts in a
store that all of them read.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import torch.distributed as dist

from training.declared.launch import Launch, LocalLaunch
from training.runs.events import emit
from training.titan.agent import kill_torchrun, restart_is_left

BEATS_PER_PATIENCE = 6
SECONDS_BETWEEN_LOOKS = 0.2
NUM_LEFT = "phaseline/left"
LEFT = "left"


@contextmanager
def watched_hosts(store: dist.Store, launch: Launch) -> Iterator[None]:
    """End this process if another host of the run dies while the block runs.

    Args:
        store: in which all processes of the run meet.
    """
    if isinstance(launch, LocalLaunch) or int(os.environ.get("GROUP_WORLD_SIZE", "1")) == 1:
        yield
        return
    hosts = Hosts(store, launch.lost_after_seconds)
    hosts.watch()
    try:
        yield
    except BaseException:
        hosts.leaving.set()
        raise
    hosts.leave()


class Hosts:
    """The hosts of a run, as one of its processes hears of them.

    Args:
        lost_after_seconds: a host that has not counted on for so long is taken for dead.
    """

    def __init__(self, store: dist.Store, lost_after_seconds: float) -> None:
        self.leaving = threading.Event()
        self._lost_after_seconds = lost_after_seconds
        self._host = int(os.environ["GROUP_RANK"])
        self._keys = [f"phaseline/host/{host}" for host in range(int(os.environ["GROUP_WORLD_SIZE"]))]
        self._speaks_for_host = os.environ["LOCAL_RANK"] == "0"
        self._store = store
        self._rank, self._num_processes = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        self._answered = time.monotonic()  # when the store did last
        self._heard: dict[int, float] = {}  # when each host was heard last

    def watch(self) -> None:
        """Begin to count and to listen."""
        threading.Thread(target=self._talk, name="talk", daemon=True).start()
        threading.Thread(target=self._look, name="look", daemon=True).start()

    def leave(self) -> None:
        """Leave, so that nobody misses this process. Rank 0, which may hold the store, leaves last."""
        self.leaving.set()
        if self._speaks_for_host:
            self._store.set(self._keys[self._host], LEFT)
        self._store.add(NUM_LEFT, 1)
        deadline = time.monotonic() + self._lost_after_seconds
        while self._rank == 0 and self._store.add(NUM_LEFT, 0) < self._num_processes and time.monotonic() < deadline:
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _talk(self) -> None:
        """Count on for this host, and hear the others."""
        before: list[bytes] = [b""] * len(self._keys)
        count = 0
        try:
            while not self.leaving.wait(self._lost_after_seconds / BEATS_PER_PATIENCE):
                count += 1
                if self._speaks_for_host:
                    self._store.set(self._keys[self._host], f"{socket.gethostname()} {count}")
                all_have_begun = self._store.check(self._keys)
                now = self._answered = time.monotonic()
                if all_have_begun:
                    values = self._store.multi_get(self._keys)
                    changed = [host for host, value in enumerate(values) if value not in (before[host], LEFT.encode())]
                    for host in [host for host, value in enumerate(values) if value == LEFT.encode()]:
                        self._heard.pop(host, None)
                    self._heard |= dict.fromkeys(changed, now)
                    before = values
        except dist.DistError:
            if not self.leaving.is_set():
                self._end("the first host has ended, or cannot be reached")

    def _look(self) -> None:
        """End this process if a host is silent; apart from talking, which hangs where the store's host is dead."""
        while not self.leaving.wait(self._lost_after_seconds / BEATS_PER_PATIENCE):
            now = time.monotonic()
            for host, last in [(0, self._answered), *self._heard.items()]:
                if now - last > self._lost_after_seconds:
                    if host == 0:
                        kill_torchrun()  # whose own store is there: it would wait for ever
                    self._end(f"host {host + 1} of {len(self._keys)} has not answered for {now - last:.0f} seconds")

    def _end(self, what: str) -> NoReturn:
        if restart_is_left():
            emit("note", f"{what}; the run goes on with the hosts that are left")
        else:
            emit("failure", [what, "see why it ended; the same command continues from the newest checkpoint"])
        os._exit(1)
