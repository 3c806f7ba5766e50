"""The processes that are measured: one core, one thread, no network."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = [
    "ARROW_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
]


def pin_to_one_core() -> None:
    """Keep this process and its children on one core, and their libraries to one thread."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ |= dict.fromkeys(THREAD_VARIABLES, "1")


@contextmanager
def on_every_core() -> Iterator[None]:
    """Let this process and its children use all cores for a while."""
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, pinned)


def environment(folder: str) -> Mapping[str, str]:
    """The environment of every measured process: no network, no chatter, and what it leaves behind goes to a folder."""
    quiet = {"HF_HUB_OFFLINE": "1", "LOGURU_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore", "TQDM_DISABLE": "1"}
    return os.environ | quiet | {"PYTHONPATH": str(ROOT), "TMPDIR": folder}
