"""The manifest's samples as torchtitan's batches. The whole state is one number."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import numpy as np
import torch
from torchtitan.components.dataloader import BaseDataLoader

from training.manifest import Manifest
from training.tokens.windows import Int64s, SourceFiles, WindowReader

STEPS_AHEAD = 4  # whose tokens are fetched while a step's are read


class Microbatch(NamedTuple):
    """Sequences that are computed at a time.

    ``samples`` are their global numbers, int64 of shape (n,); the others have shape (n, sequence_length), int64.
    """

    samples: Int64s
    inputs: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor


class ManifestLoader(BaseDataLoader):
    """Yields a rank's share of each global batch, in the microbatches of the step's phase.

    Rank ``r`` of ``R`` takes the ``r``-th of ``R`` equal stretches of a global batch, so the global batches are the
    same for any number of ranks, and a checkpoint may be continued with another number. While a step is computed, a
    thread reads the next one's tokens.
    """

    @dataclass(kw_only=True, slots=True)
    class Config(BaseDataLoader.Config):
        manifest: Manifest
        token_files: Mapping[str, SourceFiles]
        local_batch_sizes: list[int]  # sequences of a microbatch in each phase, which divide a rank's share

    def __init__(self, config: Config, *, dp_world_size: int, dp_rank: int, **_: Any) -> None:
        self.manifest = config.manifest
        self.reader = WindowReader(config.manifest, config.token_files)
        self.world_size = dp_world_size
        self.rank = dp_rank
        phases = (phase.name for phase in config.manifest.phases)
        self.local_batch_sizes = dict(zip(phases, config.local_batch_sizes, strict=True))
        self.step = 0  # steps whose batches were delivered

    def __iter__(self) -> Iterator[Microbatch]:
        step = self.step
        with ThreadPoolExecutor(1, thread_name_prefix="loader") as reading:
            following = reading.submit(self._microbatches, step)
            while step < self.manifest.total_steps:
                *earlier, last = following.result()
                step += 1
                following = reading.submit(self._microbatches, step)
                yield from earlier
                self.step = step
                yield last

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.step = state_dict["step"]

    def _microbatches(self, step: int) -> list[Microbatch]:
        """This rank's microbatches of a step; none after the run's last one."""
        if step >= self.manifest.total_steps:
            return []
        ahead = step + STEPS_AHEAD
        if ahead < self.manifest.total_steps:
            self.reader.prefetch(self._samples(ahead))
        samples = self._samples(step)
        batch = [torch.from_numpy(array) for array in self.reader.batch(samples)]
        size = self.local_batch_sizes[self.manifest.phase_at(step).name]
        rows = [slice(first, first + size) for first in range(0, len(samples), size)]
        return [Microbatch(samples[part], *(tensor[part] for tensor in batch)) for part in rows]

    def _samples(self, step: int) -> Int64s:
        """The samples of a step that this rank takes."""
        share = self.manifest.phase_at(step).global_batch_size // self.world_size
        return self.manifest.samples_done(step) + self.rank * share + np.arange(share)
