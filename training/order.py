"""The order of samples: which source, epoch and window each global sample is, and the inverse, as pure functions.

A phase is cut into mixing blocks of BLOCK samples. Every block holds the same number of samples of each source (the
blend, rounded to 1/BLOCK), spread over it: the r-th of n samples of a source falls at (r + u) / n of the block, u drawn
in [0, 1) by a keyed hash. So any stretch of a phase has the blend's composition to within a few samples, the first t
samples of a phase do not depend on its length, and a source's samples are numbered without gaps from phase to phase.
The j-th sample of a source is epoch ``j // num_windows``; a keyed permutation of that epoch gives its window.

Nothing is stored or walked: a block's layout is computed when a sample in it is asked for.
"""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from training.manifest import CompiledPhase, Manifest
from training.permutation import mix, permute, unpermute

BLOCK = 4096

Int64s = npt.NDArray[np.int64]
Permutation = Callable[[Int64s, int, str], Int64s]


class Windows(NamedTuple):
    """Samples by place: three arrays of one shape, int64. ``source`` indexes the manifest's sources."""

    source: Int64s
    epoch: Int64s
    window: Int64s


class Layout(NamedTuple):
    """One mixing block: ``source`` and ``rank`` (the place among its source's samples) by position, and the inverse:
    ``positions[starts[source] + rank]``."""

    source: Int64s
    rank: Int64s
    positions: Int64s
    starts: Int64s


@functools.lru_cache(maxsize=64)
def layout(block: tuple[int, ...], key: str) -> Layout:
    """The layout of the mixing block that ``key`` names, for the samples of each source in it."""
    counts = np.array(block, dtype=np.int64)
    source = np.repeat(np.arange(len(counts)), counts)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rank = np.arange(BLOCK) - starts[source]
    seed = np.uint64(xxhash.xxh3_64_intdigest(key))
    draws = mix(mix(np.arange(BLOCK, dtype=np.uint64) + seed)) >> np.uint64(11)
    place = (rank + draws * 2.0**-53) / counts[source]
    positions_in_order = np.argsort(place, kind="stable")
    positions = np.empty(BLOCK, dtype=np.int64)
    positions[positions_in_order] = np.arange(BLOCK)
    return Layout(source[positions_in_order], rank[positions_in_order], positions, starts)


class Order:
    """The order of a manifest's samples."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.num_samples = manifest.total_steps * manifest.global_batch_size
        self._num_windows = np.array([source.num_windows for source in manifest.sources], dtype=np.int64)
        starts = [phase.first_step * manifest.global_batch_size for phase in manifest.phases]
        self._phase_starts = np.array(starts, dtype=np.int64)

    def windows(self, samples: npt.ArrayLike) -> Windows:
        """Where global samples come from.

        Args:
            samples: global sample numbers in [0, num_samples), any shape.

        Raises:
            IndexError: a sample outside of the run.
        """
        wanted = np.asarray(samples, dtype=np.int64)
        flat = wanted.reshape(-1)
        if flat.size and not 0 <= int(flat.min()) <= int(flat.max()) < self.num_samples:
            raise IndexError(f"samples {flat.min()} to {flat.max()} are not all in [0, {self.num_samples})")
        source, number = self._source_numbers(flat)
        epoch, rank = np.divmod(number, self._num_windows[source])
        window = self._permuted(permute, source, epoch, rank)
        return Windows(*(array.reshape(wanted.shape) for array in (source, epoch, window)))

    def samples(self, source: int, epoch: npt.ArrayLike, window: npt.ArrayLike) -> Int64s:
        """The inverse of ``windows`` for one source: global sample numbers, -1 where the run does not reach.

        Args:
            source: index into the manifest's sources.
            epoch: passes over the source, from 0; broadcast against ``window``.
            window: windows of the source, in [0, num_windows).
        """
        epochs, windows = np.broadcast_arrays(np.asarray(epoch, np.int64), np.asarray(window, np.int64))
        sources = np.full(epochs.size, source)
        ranks = self._permuted(unpermute, sources, epochs.reshape(-1), windows.reshape(-1))
        numbers = epochs.reshape(-1) * self._num_windows[source] + ranks
        return self._global_samples(source, numbers).reshape(epochs.shape)

    def counts(self, sample: int) -> Int64s:
        """The samples of each source among the first ``sample`` samples of the run, shape (num_sources,)."""
        number = int(np.searchsorted(self._phase_starts, sample, side="right")) - 1
        phase = self.manifest.phases[number]
        blocks, rest = divmod(sample - int(self._phase_starts[number]), BLOCK)
        partial = np.bincount(self._layout(number, blocks).source[:rest], minlength=len(phase.block))
        return np.array(phase.cursors) + blocks * np.array(phase.block) + partial

    def _layout(self, phase: int, block: int) -> Layout:
        return layout(tuple(self.manifest.phases[phase].block), block_key(self.manifest.seed, phase, block))

    def _source_numbers(self, samples: Int64s) -> tuple[Int64s, Int64s]:
        """The source of each sample, and its number among all samples of that source in the run."""
        source, number = np.empty_like(samples), np.empty_like(samples)
        phases = np.searchsorted(self._phase_starts, samples, side="right") - 1
        blocks, positions = np.divmod(samples - self._phase_starts[phases], BLOCK)
        for phase, block, here in _groups(phases, blocks):
            arranged = self._layout(phase, block)
            compiled = self.manifest.phases[phase]
            source[here] = arranged.source[positions[here]]
            first = np.array(compiled.cursors) + block * np.array(compiled.block)
            number[here] = first[source[here]] + arranged.rank[positions[here]]
        return source, number

    def _global_samples(self, source: int, numbers: Int64s) -> Int64s:
        """The global sample of each numbered sample of a source; -1 past the run's end."""
        result = np.full(numbers.shape, -1, dtype=np.int64)
        for number, phase in enumerate(self.manifest.phases):
            here = np.flatnonzero(
                (numbers >= phase.cursors[source]) & (numbers < phase.cursors[source] + phase.samples[source])
            )
            if here.size:
                result[here] = self._samples_in_phase(number, phase, source, numbers[here] - phase.cursors[source])
        return result

    def _samples_in_phase(self, number: int, phase: CompiledPhase, source: int, numbers: Int64s) -> Int64s:
        blocks, ranks = np.divmod(numbers, phase.block[source])
        samples = np.empty_like(numbers)
        for _, block, here in _groups(np.zeros_like(blocks), blocks):
            arranged = self._layout(number, block)
            positions = arranged.positions[arranged.starts[source] + ranks[here]]
            samples[here] = self._phase_starts[number] + block * BLOCK + positions
        return samples

    def _permuted(self, permutation: Permutation, source: Int64s, epoch: Int64s, values: Int64s) -> Int64s:
        result = np.empty_like(values)
        for index, passed, here in _groups(source, epoch):
            shards = self.manifest.sources[index]
            key = f"{self.manifest.seed}/window/{shards.name}/{passed}"
            result[here] = permutation(values[here], shards.num_windows, key)
        return result


def block_key(seed: int, phase: int, block: int) -> str:
    """The key of a mixing block's layout."""
    return f"{seed}/block/{phase}/{block}"


def _groups(first: Int64s, second: Int64s) -> Iterator[tuple[int, int, Int64s]]:
    """Each distinct pair of values and the places where it stands."""
    if not first.size:
        return
    order = np.lexsort((second, first))
    changes = np.flatnonzero((np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)) + 1
    for here in np.split(order, changes):
        yield int(first[here[0]]), int(second[here[0]]), here
