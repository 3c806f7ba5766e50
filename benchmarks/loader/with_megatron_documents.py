"""Megatron: the same, with positions that begin anew in each document and end-of-text tokens masked from the loss."""

from pathlib import Path

from benchmarks.loader.batches import Loader, describe, run
from benchmarks.loader.megatron import megatron_loader

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    return megatron_loader(path, num_parts, by_document=True)
