"""Random tokens in documents from memory, for torchtitan's trainer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import numpy as np
import torch
from torchtitan.components.dataloader import BaseDataLoader

from benchmarks.training.home import END_OF_TEXT, Int64s, random_documents

NUM_BATCHES = 32  # that are made before training


class MemoryLoader(BaseDataLoader):
    """Batches made before training, yielded over and over."""

    @dataclass(kw_only=True, slots=True)
    class Config(BaseDataLoader.Config):
        vocab_size: int

    def __init__(self, config: Config, *, seq_len: int, local_batch_size: int, dp_rank: int, **_: Any) -> None:
        shape = (NUM_BATCHES, local_batch_size, seq_len)
        tokens, _lengths = random_documents(np.random.default_rng(dp_rank), int(np.prod(shape)) + 1, config.vocab_size)
        inputs, labels = tokens[:-1].reshape(shape), tokens[1:].reshape(shape)
        arrays = (inputs, labels, positions_in_documents(inputs))
        self.batches = list(zip(*(torch.from_numpy(array).unbind() for array in arrays), strict=True))

    def __iter__(self) -> Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]:
        while True:
            for inputs, labels, positions in self.batches:
                yield {"input": inputs, "positions": positions}, labels

    def state_dict(self) -> dict[str, Any]:
        """It begins anew."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """There is none."""


def positions_in_documents(inputs: Int64s) -> Int64s:
    """The place of each token in its document or, where that began earlier, in its sequence; of the inputs' shape."""
    places = np.broadcast_to(np.arange(inputs.shape[-1]), inputs.shape)
    starts = np.zeros_like(places)
    starts[..., 1:] = np.where(inputs[..., :-1] == END_OF_TEXT, places[..., 1:], 0)
    return places - np.maximum.accumulate(starts, axis=-1)
