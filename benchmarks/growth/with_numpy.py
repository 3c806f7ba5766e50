"""numpy: numbers of samples from a permutation in memory, no tokens. Hugging Face data sets shuffle like this."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.growth.sparse import BATCH_SIZE

NUM_SAMPLES = "num_samples"


def write_input(folder: Path, num_samples: int) -> None:
    (folder / NUM_SAMPLES).write_text(str(num_samples))


def start(folder: Path) -> Callable[[int], Any]:
    permutation = np.random.default_rng(0).permutation(int((folder / NUM_SAMPLES).read_text()))
    return lambda first: permutation[first : first + BATCH_SIZE].tolist()
