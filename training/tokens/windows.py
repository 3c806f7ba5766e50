"""From sample numbers to what a model is given: inputs, labels, and positions within documents."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import numba
import numpy as np
import numpy.typing as npt

from pipelines.shards import Tokens
from training.manifest import Manifest, SourceReference
from training.sampling.order import Order

Int64s = npt.NDArray[np.int64]

CHUNK = 128  # tokens whose positions are written without a look at each, where no document ends in them


class Sequences(NamedTuple):
    """What a model is given, three arrays of shape (n, sequence_length), int64.

    ``positions`` count from 0 in each document: attention and rotary embeddings start anew where they restart.
    """

    inputs: Int64s
    labels: Int64s
    positions: Int64s


class Stretches(NamedTuple):
    """Stretches of a stream in memory or in a mapped file.

    ``extents`` has shape (n, 2), int64, ascending: the stretch that begins at ``extents[i, 1]`` of the stream begins
    at ``extents[i, 0]`` of ``tokens``; it ends where the next one begins.
    """

    tokens: Tokens
    extents: Int64s


class TokenStream(Protocol):
    """The tokens of a source, read as one stream."""

    def stretches(self, starts: Int64s, num_tokens: int) -> Stretches:
        """Stretches that hold ``num_tokens`` tokens from each of the offsets in the stream, and maybe others."""

    def prefetch(self, starts: Int64s, num_tokens: int) -> None:
        """Announce that these stretches are wanted soon; returns at once."""


class SourceFiles(Protocol):
    """Where the files of a source are. Its extents, if it has any, are always on this machine."""

    @property
    def extents(self) -> Path | None: ...

    def open(self, source: SourceReference, vocab_size: int) -> TokenStream:
        """Its stream of tokens; raises PhaselineError for files that cannot be what the manifest says."""


class WindowReader:
    """Reads the sequences of a manifest's samples."""

    def __init__(self, manifest: Manifest, files: Mapping[str, SourceFiles]) -> None:
        self.manifest = manifest
        self.order = Order(manifest)
        vocab_size = manifest.tokenizer.vocab_size
        self._streams = [files[source.name].open(source, vocab_size) for source in manifest.sources]
        self._first_samples = np.array([phase.first_sample for phase in manifest.phases])
        self._lengths = np.array([phase.sequence_length for phase in manifest.phases])

    def batch(self, samples: npt.ArrayLike) -> Sequences:
        """The sequences of samples.

        Args:
            samples: global sample numbers, shape (n,), at least one, all of one sequence length.

        Raises:
            IndexError: a sample outside of the run.
            ValueError: sequences of different lengths.
            PhaselineError: tokens that had to be fetched are missing, or not what the manifest was compiled against.
        """
        numbers = np.asarray(samples, dtype=np.int64)
        windows = self.order.windows(numbers)
        return self.sequences(windows.source, windows.start, self._length(numbers))

    def prefetch(self, samples: npt.ArrayLike) -> None:
        """Announce that the batch of these samples is wanted soon; returns at once."""
        numbers = np.asarray(samples, dtype=np.int64)
        windows = self.order.windows(numbers)
        length = self._length(numbers)
        for source, rows in by_source(windows.source):
            self._streams[source].prefetch(windows.start[rows], length + 1)

    def sequences(self, sources: Int64s, starts: Int64s, length: int) -> Sequences:
        """The sequences of ``length`` tokens that begin at offsets of the sources' streams, both of shape (n,)."""
        batch = Sequences(*np.empty((3, len(starts), length), np.int64))  # one block: cheaper to get and to give back
        for source, rows in by_source(sources):
            tokens, extents = self._streams[source].stretches(starts[rows], length + 1)
            fill_sequences(tokens, extents, starts[rows], rows, self.manifest.tokenizer.end_of_text, *batch)
        return batch

    def _length(self, samples: Int64s) -> int:
        lengths = self._lengths[np.searchsorted(self._first_samples, samples, side="right") - 1]
        if lengths.min() != lengths.max():
            raise ValueError(f"samples {samples.min()} to {samples.max()} are sequences of different lengths")
        return int(lengths[0])


def by_source(sources: Int64s) -> Iterator[tuple[int, Int64s]]:
    """Each source that occurs, and the rows where it does."""
    rows = np.argsort(sources, kind="stable")
    counts = np.bincount(sources)
    ends = np.cumsum(counts)
    for source in np.flatnonzero(counts):
        yield int(source), rows[ends[source] - counts[source] : ends[source]]


@numba.njit(cache=True, nogil=True)
def fill_sequences(
    tokens: Tokens,
    extents: Int64s,
    starts: Int64s,
    rows: Int64s,
    end_of_text: int,
    inputs: Int64s,
    labels: Int64s,
    positions: Int64s,
) -> None:
    """Write the sequences that begin at ``starts`` of a stream into the rows of a batch, shape (n, sequence_length)."""
    for number in range(len(starts)):
        row = rows[number]
        fill_sequence(tokens, extents, starts[number], end_of_text, inputs[row], labels[row], positions[row])


@numba.njit(cache=True, nogil=True)
def fill_sequence(
    tokens: Tokens,
    extents: Int64s,
    start: int,
    end_of_text: int,
    inputs: Int64s,
    labels: Int64s,
    positions: Int64s,
) -> None:
    """Write one sequence, shape (sequence_length,): ``sequence_length + 1`` tokens, stretch by stretch."""
    num_tokens = len(inputs) + 1
    extent = np.searchsorted(extents[:, 1], start, side="right") - 1
    place = 0
    position = 0
    while place < num_tokens:
        first = extents[extent, 0] + start + place - extents[extent, 1]
        last_extent = extent + 1 == len(extents)
        end = num_tokens if last_extent else min(num_tokens, extents[extent + 1, 1] - start)
        stretch = tokens[first : first + end - place]
        if place:
            labels[place - 1] = stretch[0]
        pairs = slice(place, end - 1)
        position = fill_pairs(stretch, end_of_text, position, inputs[pairs], labels[pairs], positions[pairs])
        if end < num_tokens:  # the label of the stretch's last token stands in the next stretch
            inputs[end - 1] = stretch[-1]
            positions[end - 1] = position
            position = 0 if stretch[-1] == end_of_text else position + 1
        place = end
        extent += 1


@numba.njit(cache=True, nogil=True)
def fill_pairs(
    tokens: Tokens, end_of_text: int, position: int, inputs: Int64s, labels: Int64s, positions: Int64s
) -> int:
    """Write the n pairs of neighbours in n + 1 tokens, and positions from ``position``; returns the next position."""
    for first in range(0, len(inputs), CHUNK):
        end = min(first + CHUNK, len(inputs))
        position = fill_chunk(
            tokens[first : end + 1], end_of_text, position, inputs[first:end], labels[first:end], positions[first:end]
        )
    return position


@numba.njit(cache=True, nogil=True)
def fill_chunk(
    tokens: Tokens, end_of_text: int, position: int, inputs: Int64s, labels: Int64s, positions: Int64s
) -> int:
    """As ``fill_pairs``, for few pairs: a loop that the compiler vectorises, since it looks back at no token."""
    num_ends = 0
    for place in range(len(inputs)):
        inputs[place] = tokens[place]
        labels[place] = tokens[place + 1]
        positions[place] = position + place
        num_ends += tokens[place] == end_of_text
    if not num_ends:
        return position + len(inputs)
    for place in range(len(inputs)):
        positions[place] = position
        position = 0 if inputs[place] == end_of_text else position + 1
    return position
