"""The manifest's samples as torchtitan's batches. The whole state is one number."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import numpy as np
import torch
from torchtitan.components.dataloader import BaseDataLoader

from training.manifest import Manifest
from training.windows import WindowReader, sequences

Batch = tuple[dict[str, torch.Tensor], torch.Tensor]


class ManifestLoader(BaseDataLoader):
    """Yields a rank's share of each global batch, in microbatches.

    Rank ``r`` of ``R`` takes the ``r``-th of ``R`` equal stretches of a global batch, so the global batches are the
    same for any number of ranks, and a checkpoint may be continued with another number.
    """

    @dataclass(kw_only=True, slots=True)
    class Config(BaseDataLoader.Config):
        manifest: Manifest
        token_files: dict[str, Path]

    def __init__(self, config: Config, *, dp_world_size: int, dp_rank: int, local_batch_size: int, **_: Any) -> None:
        self.manifest = config.manifest
        self.reader = WindowReader(config.manifest, config.token_files)
        share = config.manifest.global_batch_size // dp_world_size
        self.microbatches = (dp_rank * share + np.arange(share)).reshape(-1, local_batch_size)
        self.step = 0

    def __iter__(self) -> Iterator[Batch]:
        while self.step < self.manifest.total_steps:
            first_sample = self.step * self.manifest.global_batch_size
            self.step += 1
            for microbatch in self.microbatches:
                tokens = self.reader.batch(first_sample + microbatch)
                inputs, labels, positions = map(
                    torch.from_numpy, sequences(tokens, self.manifest.tokenizer.end_of_text)
                )
                yield {"input": inputs, "positions": positions}, labels

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.step = state_dict["step"]
