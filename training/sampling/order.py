"""The order of samples: which source, epoch and tokens each global sample holds, and the inverse, as pure functions.

Within a phase, samples of its sources take turns in balanced proportions (see proportions.py); around a boundary two
phases may fade into each other (see transitions.py). A source counts the tokens that were taken of it, in passes over
its windows: token ``c`` belongs to pass ``c // (num_windows * window_length)``. A keyed permutation of that pass says
which window of the stream comes at which turn; a sequence shorter than a window is one of its parts, which are read one
after the other. When a phase begins, these cursors are rounded up to whole sequences of it.

Nothing is stored or walked: memory and the time for a sample do not depend on the number of samples.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from training.manifest import CompiledPhase, Manifest, Transition
from training.sampling.permutation import NUM_ROUNDS, permute_each, subkeys
from training.sampling.spans import phase_stream, spans_of

Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]

BLOCK = 4096  # samples at a time, so that all arrays of a computation stay in the processor's cache


@dataclass(frozen=True)
class PhaseShape:
    """A phase before it is placed in a run. ``weights`` are by source, whole numbers of any scale."""

    name: str
    num_steps: int
    sequence_length: int
    global_batch_size: int
    weights: Sequence[int]
    transition: Transition | None = None


def lay_out(shapes: Iterable[PhaseShape], seed: int, cursors: Sequence[int]) -> list[CompiledPhase]:
    """Place phases one after the other: the steps, samples and tokens of each source that each of them takes.

    Args:
        cursors: the tokens of each source that were taken before the first phase.
    """
    phases = []
    step = sample = 0
    taken = np.array(cursors, dtype=np.int64)
    for shape in shapes:
        num_samples = shape.num_steps * shape.global_batch_size
        taken = -(-taken // shape.sequence_length) * shape.sequence_length
        counts = phase_stream(seed, shape.name, shape.weights).counts(num_samples)
        phases.append(
            CompiledPhase(
                name=shape.name,
                first_step=step,
                num_steps=shape.num_steps,
                first_sample=sample,
                sequence_length=shape.sequence_length,
                global_batch_size=shape.global_batch_size,
                weights=list(shape.weights),
                samples=counts.tolist(),
                cursors=taken.tolist(),
                transition=shape.transition,
            )
        )
        step += shape.num_steps
        sample += num_samples
        taken += counts * shape.sequence_length
    return phases


class Windows(NamedTuple):
    """What samples hold: three arrays of one shape, int64.

    ``source`` indexes the manifest's sources, ``epoch`` counts passes over it from 0, and the sequence begins at token
    ``start`` of the source's stream.
    """

    source: Int64s
    epoch: Int64s
    start: Int64s


class Order:
    """The order of a manifest's samples."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.num_samples = manifest.total_samples
        self._num_windows = np.array([source.num_windows for source in manifest.sources], dtype=np.int64)
        self._tokens_per_pass = self._num_windows * manifest.window_length
        self._spans = list(spans_of(manifest))
        phases = [span.phase for span in self._spans]
        self._first_samples = np.array([span.first_sample for span in self._spans])
        self._lengths = np.array([phase.sequence_length for phase in phases])
        self._cursors = np.array([phase.cursors for phase in phases])  # of each source where the span's phase begins
        counts = np.cumsum([[0] * len(manifest.sources), *(phase.samples for phase in manifest.phases)], axis=0)
        self._counts = counts[[manifest.phases.index(phase) for phase in phases]]

    def windows(self, samples: npt.ArrayLike) -> Windows:
        """What global samples hold.

        Args:
            samples: global sample numbers in [0, num_samples), any shape; fastest where they are sorted.

        Raises:
            IndexError: a sample outside of the run.
        """
        wanted = np.asarray(samples, dtype=np.int64)
        flat = wanted.reshape(-1)
        if flat.size and not 0 <= int(flat.min()) <= int(flat.max()) < self.num_samples:
            raise IndexError(f"samples {flat.min()} to {flat.max()} are not all in [0, {self.num_samples})")
        sources, epochs, starts = (np.empty_like(flat) for _ in Windows._fields)
        for first in range(0, flat.size, BLOCK):
            block = slice(first, first + BLOCK)
            sources[block], cursors = self._read(flat[block])
            epochs[block], starts[block] = self._shuffled(sources[block], cursors, inverse=False)
        return Windows(*(array.reshape(wanted.shape) for array in (sources, epochs, starts)))

    def samples(self, source: int, epoch: npt.ArrayLike, start: npt.ArrayLike) -> Int64s:
        """The inverse of ``windows``: the global samples whose sequences cover a token, -1 where the run never does.

        Args:
            source: index into the manifest's sources.
            epoch: passes over the source, from 0; broadcast against ``start``.
            start: tokens of the source's stream.
        """
        epochs, starts = np.broadcast_arrays(np.asarray(epoch, np.int64), np.asarray(start, np.int64))
        found = np.full(epochs.size, -1)
        tokens = int(self._tokens_per_pass[source])
        in_windows = np.flatnonzero(starts.reshape(-1) < tokens)
        epochs_there, starts_there = epochs.reshape(-1)[in_windows], starts.reshape(-1)[in_windows]
        sources = np.full(in_windows.size, source)
        _, places = self._shuffled(sources, epochs_there * tokens + starts_there, inverse=True)
        found[in_windows] = self._samples_at(source, epochs_there * tokens + places)
        return found.reshape(epochs.shape)

    def counts(self, sample: npt.ArrayLike) -> Int64s:
        """The samples of each source among the first ``sample`` samples of the run.

        Args:
            sample: in [0, num_samples], any shape.

        Returns:
            int64 of that shape and a last dimension of num_sources.

        Raises:
            IndexError: a sample not in [0, num_samples].
        """
        spans, numbers = self._numbers(np.asarray(sample, dtype=np.int64))
        return self._counts[spans] + numbers

    def cursors(self, sample: npt.ArrayLike) -> Int64s:
        """The tokens of each source's passes that were taken, or left out by rounding up, before a sample of the run.

        Arguments, shapes and errors are those of ``counts``.
        """
        spans, numbers = self._numbers(np.asarray(sample, dtype=np.int64))
        return self._cursors[spans] + numbers * self._lengths[spans, np.newaxis]

    def _numbers(self, samples: Int64s) -> tuple[Int64s, Int64s]:
        """The span of each sample, and the samples of each source that the span's phase has had before it."""
        flat = samples.reshape(-1)
        if not 0 <= int(flat.min()) <= int(flat.max()) <= self.num_samples:
            raise IndexError(f"samples {flat.min()} to {flat.max()} are not all in [0, {self.num_samples}]")
        num_sources = len(self._num_windows)
        spans = np.searchsorted(self._first_samples, flat, side="right") - 1
        numbers = np.empty((flat.size, num_sources), dtype=np.int64)
        for number in np.unique(spans).tolist():
            here = np.flatnonzero(spans == number)
            places = np.repeat(flat[here] - self._first_samples[number], num_sources)
            sources = np.tile(np.arange(num_sources), here.size)
            numbers[here] = self._spans[number].numbers(sources, places).reshape(here.size, num_sources)
        return spans.reshape(samples.shape), numbers.reshape(*samples.shape, num_sources)

    def _read(self, samples: Int64s) -> tuple[Int64s, Int64s]:
        """The source of each sample, and how many tokens of its passes were taken before it."""
        sources, cursors = np.empty_like(samples), np.empty_like(samples)
        first, last = int(samples.min()), int(samples.max())
        for span, cursors_before, length in zip(self._spans, self._cursors, self._lengths, strict=True):
            if span.first_sample <= last and first < span.end_sample:
                whole = span.first_sample <= first and last < span.end_sample
                here = slice(None) if whole else (samples >= span.first_sample) & (samples < span.end_sample)
                sources[here], numbers = span.places(samples[here] - span.first_sample)
                cursors[here] = cursors_before[sources[here]] + numbers * length
        return sources, cursors

    def _samples_at(self, source: int, cursors: Int64s) -> Int64s:
        """The samples that take tokens of a source's passes; -1 where none does."""
        found = np.full_like(cursors, -1)
        sources = np.array([source])
        for span, cursors_before, length in zip(self._spans, self._cursors, self._lengths, strict=True):
            numbers = (cursors - cursors_before[source]) // length
            first = span.numbers(sources, np.array([0]))
            end = span.numbers(sources, np.array([span.num_samples]))
            here = np.flatnonzero((numbers >= first) & (numbers < end))
            if here.size:
                found[here] = span.first_sample + span.find(source, numbers[here])
        return found

    def _shuffled(self, sources: Int64s, tokens: Int64s, *, inverse: bool) -> tuple[Int64s, Int64s]:
        """The pass of each token, counted through all passes over its source, and where the permutation moves it.

        Forward, from its place in the pass to the source's stream; with ``inverse`` back again.
        """
        windows, offsets, which = np.empty_like(tokens), np.empty_like(tokens), np.empty_like(tokens)
        pass_sources, pass_epochs = np.empty_like(tokens), np.empty_like(tokens)
        num_passes = _split(
            sources,
            tokens,
            self._tokens_per_pass,
            self.manifest.window_length,
            windows,
            offsets,
            which,
            pass_sources,
            pass_epochs,
        )
        pass_sources, pass_epochs = pass_sources[:num_passes], pass_epochs[:num_passes]
        names = [self.manifest.sources[source].name for source in pass_sources.tolist()]
        keys = [
            _pass_subkeys(self.manifest.seed, name, epoch)
            for name, epoch in zip(names, pass_epochs.tolist(), strict=True)
        ]
        keys_of_passes = np.array(keys, dtype=np.uint64).reshape(num_passes, NUM_ROUNDS)
        moved = permute_each(windows, which, self._num_windows[pass_sources], keys_of_passes, inverse=inverse)
        return pass_epochs[which], moved * self.manifest.window_length + offsets


def window_key(seed: int, source: str, epoch: int) -> str:
    """The key of the permutation that orders a source's windows in a pass."""
    return f"{seed}/window/{source}/{epoch}"


@functools.lru_cache(maxsize=1 << 14)
def _pass_subkeys(seed: int, source: str, epoch: int) -> UInt64s:
    return subkeys(window_key(seed, source, epoch))


@numba.njit(cache=True, nogil=True)
def _split(
    sources: Any,
    tokens: Any,
    tokens_per_pass: Any,
    window_length: int,
    windows: Any,
    offsets: Any,
    which: Any,
    pass_sources: Any,
    pass_epochs: Any,
) -> int:
    """Split token counts into a window of a pass and an offset in it; return how many passes occur.

    ``which`` numbers them in the order of their appearance; a source that goes back to a pass gets a new number.
    """
    starts = np.full(len(tokens_per_pass), -1)  # of the pass that each source is in
    current = np.full(len(tokens_per_pass), -1)
    num_passes = 0
    for place in range(len(tokens)):
        source = sources[place]
        within = tokens[place] - starts[source]
        if current[source] < 0 or not 0 <= within < tokens_per_pass[source]:
            epoch = tokens[place] // tokens_per_pass[source]
            starts[source] = epoch * tokens_per_pass[source]
            within = tokens[place] - starts[source]
            pass_sources[num_passes], pass_epochs[num_passes] = source, epoch
            current[source] = num_passes
            num_passes += 1
        which[place] = current[source]
        window = np.uint64(within) // np.uint64(window_length)
        windows[place] = window
        offsets[place] = np.uint64(within) - window * np.uint64(window_length)
    return num_passes
