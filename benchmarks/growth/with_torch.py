"""torch: numbers of samples from a RandomSampler, no tokens. It can only go on: to seek is to pass over samples."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from torch.utils.data import RandomSampler

from benchmarks.growth.sparse import BATCH_SIZE
from benchmarks.growth.with_numpy import NUM_SAMPLES, write_input

__all__ = ["start", "write_input"]


def start(folder: Path) -> Callable[[int], Any]:
    samples = enumerate(RandomSampler(range(int((folder / NUM_SAMPLES).read_text()))))

    def batch_from(first: int) -> list[int]:
        ahead = (sample for number, sample in samples if number >= first)
        return list(islice(ahead, BATCH_SIZE))

    return batch_from
