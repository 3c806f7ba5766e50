"""The weights of checkpoints, read one at a time, in one process and without a process group."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.metadata import Metadata

# Reads a weight by torchtitan's name, of the shape and dtype of a tensor without content.
ReadWeight: TypeAlias = Callable[[str, torch.Tensor], torch.Tensor]


class MetadataReader(dcp.FileSystemReader):
    """Reads a checkpoint's metadata once, which for a large one takes longer than most of its tensors."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._metadata = super().read_metadata()

    def read_metadata(self, *_: Any, **__: Any) -> Metadata:
        return self._metadata


def weights_of(checkpoint: Path) -> ReadWeight:
    """The weights in a step folder, of whichever ranks wrote their parts."""
    reader = MetadataReader(checkpoint)

    def read(name: str, like: torch.Tensor) -> torch.Tensor:
        state = {name: torch.empty_like(like, device="cpu")}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")  # which is meant
            dcp.load(state, storage_reader=reader, no_dist=True)
        return state[name]

    return read


def mean_of(shares: Mapping[Path, float]) -> ReadWeight:
    """The sums of the weights in some step folders, each times its share, summed in float64."""
    members = {weights_of(checkpoint): share for checkpoint, share in shares.items()}

    def read(name: str, like: torch.Tensor) -> torch.Tensor:
        total = torch.zeros(like.shape, dtype=torch.float64)
        for read_member, share in members.items():
            total.add_(read_member(name, like), alpha=share)
        return total.to(like.dtype)

    return read
