"""Megatron: its blended data set in a keyed random order; tokens, labels, loss mask, and positions in the sequence.

Document boundaries are ignored: positions and masks are made once and handed out again. No attention mask is made.
"""

from pathlib import Path

from benchmarks.loader.batches import Loader, describe, run
from benchmarks.loader.megatron import megatron_loader

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Loader:
    return megatron_loader(path, num_parts, by_document=False)
