"""What the machine allows at best, to hold a speed against."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

REPEATS = 5


def memory_copy_megabytes_per_second() -> float:
    """Copying memory that no cache holds."""
    source = np.ones(1 << 28, np.uint8)
    target = np.zeros_like(source)
    return source.nbytes / 1e6 / fastest(lambda: np.copyto(target, source))


def parquet_megabytes_per_second(path: Path, column: str) -> float:
    """Decoding one column of a Parquet file on one thread."""
    table = pq.read_table(path, columns=[column], use_threads=False)
    return table.nbytes / 1e6 / fastest(lambda: pq.read_table(path, columns=[column], use_threads=False))


def fastest(run: Callable[[], object]) -> float:
    """The seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
