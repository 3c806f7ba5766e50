"""What every loader hands over, how it is timed, and what is looked at afterwards."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from benchmarks.loader.corpus import BATCHES_PER_PART, END_OF_TEXT


class Batch(NamedTuple):
    """Arrays of shape (64, 2048), int64, numpy's or torch's; None where a library does not make them."""

    tokens: Any
    labels: Any = None
    positions: Any = None


Loader = Callable[[], Iterator[Batch]]  # begins an epoch


def first_parts(batches: Loader, num_parts: int) -> Loader:
    """The loader that ends after the batches of the first parts."""
    return lambda: islice(batches(), num_parts * BATCHES_PER_PART)


def run(loader: Loader) -> None:
    """Take every batch, and keep none."""
    for _ in loader():
        pass


def end_of_text(batch: Batch) -> Any:
    """Where documents end, for loaders that keep the end of text among the tokens."""
    return np.asarray(batch.tokens) == END_OF_TEXT


def describe(loader: Loader, ends: Callable[[Batch], Any] = end_of_text) -> dict[str, Any]:
    """The hash of each sequence, and the shares of labels and positions that are right, None where there are none.

    Args:
        ends: which tokens of a batch are the last of their document. A label is right if it is the next token, or the
            end of text there.
    """
    hashes: list[int] = []
    labels, positions = [], []
    for batch in loader():
        tokens = np.stack([np.asarray(sequence) for sequence in batch.tokens])
        hashes += [xxhash.xxh3_64_intdigest(sequence) for sequence in tokens]
        if batch.labels is not None:
            given = np.asarray(batch.labels)[:, :-1]
            labels.append(np.mean((given == tokens[:, 1:]) | (given == END_OF_TEXT) & ends(batch)[:, :-1]))
        if batch.positions is not None:
            positions.append(np.mean(np.asarray(batch.positions) == positions_in_documents(ends(batch))))
    return {"sequences": hashes, "labels": share(labels), "positions": share(positions)}


def positions_in_documents(ends: npt.NDArray[np.bool]) -> npt.NDArray[np.int64]:
    """The place of each token since the last one before it that ends a document, or since its sequence began."""
    places = np.broadcast_to(np.arange(ends.shape[1]), ends.shape)
    starts = np.zeros_like(places)
    starts[:, 1:] = np.where(ends[:, :-1], places[:, 1:], 0)
    return places - np.maximum.accumulate(starts, axis=1)


def share(by_batch: list[Any]) -> float | None:
    return float(np.mean(by_batch)) if by_batch else None
