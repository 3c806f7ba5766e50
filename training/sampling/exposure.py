"""Exposure: exactly how often every token of a source was an input of training by a given step."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from training.manifest import Manifest
from training.sampling.order import Order, window_key
from training.sampling.permutation import permute, unpermute

Int64s = npt.NDArray[np.int64]


def tokens_seen(manifest: Manifest, source: int, steps_done: int, offsets: Int64s, lengths: Int64s) -> Int64s:
    """Input tokens seen of stretches of a source's stream, repeats counted, after ``steps_done`` steps.

    Time and memory are proportional to the windows between the first stretch and the last.

    Args:
        source: index into the manifest's sources.
        offsets, lengths: stretches of the stream, in tokens, int64 of one shape (n,), n at least 1.

    Returns:
        Tokens, int64 of the same shape.

    Raises:
        IndexError: steps_done is not in [0, total_steps].
    """
    length = manifest.window_length
    ends = offsets + lengths
    past_windows = manifest.sources[source].num_windows  # the tokens from here on are never an input
    first = min(int(offsets.min()) // length, past_windows)
    windows = np.arange(first, min(-(-int(ends.max()) // length), past_windows))
    passes = np.zeros(len(windows) + 1, dtype=np.int64)
    seen = np.zeros_like(offsets)
    for start, end in ranges_read(manifest, source, steps_done):
        first_whole = min(-(-start // length) * length, end)
        end_whole = max(end // length * length, first_whole)
        passes[:-1] += passes_before(manifest, source, end_whole // length, windows)
        passes[:-1] -= passes_before(manifest, source, first_whole // length, windows)
        for part_start, part_end in ((start, first_whole), (end_whole, end)):
            if part_start < part_end:
                place = place_in_stream(manifest, source, part_start)
                overlap = np.minimum(ends, place + part_end - part_start) - np.maximum(offsets, place)
                seen += np.maximum(overlap, 0)
    before = np.concatenate([[0], np.cumsum(passes)]) * length

    def seen_until(places: Int64s) -> Int64s:
        window, rest = np.divmod(np.minimum(places, past_windows * length) - first * length, length)
        return before[window] + passes[window] * rest

    return seen + seen_until(ends) - seen_until(offsets)


def ranges_read(manifest: Manifest, source: int, steps_done: int) -> Iterator[tuple[int, int]]:
    """What was read of a source, as [start, end) of the tokens counted through all passes over it."""
    cursor = int(Order(manifest).cursors(manifest.samples_done(steps_done))[source])
    for phase in manifest.phases:
        start = phase.cursors[source]
        end = min(start + phase.samples[source] * phase.sequence_length, cursor)
        if start < end:
            yield start, end


def passes_before(manifest: Manifest, source: int, turn: int, windows: Int64s) -> Int64s:
    """How often windows of the stream have had their turn before one of the turns of all passes over a source."""
    reference = manifest.sources[source]
    epoch, rest = divmod(turn, reference.num_windows)
    key = window_key(manifest.seed, reference.name, epoch)
    return epoch + (unpermute(windows, reference.num_windows, key) < rest)


def place_in_stream(manifest: Manifest, source: int, token: int) -> int:
    """Where in a source's stream a token of the passes over it lies."""
    reference = manifest.sources[source]
    turn, offset = divmod(token, manifest.window_length)
    epoch, rank = divmod(turn, reference.num_windows)
    window = int(permute(rank, reference.num_windows, window_key(manifest.seed, reference.name, epoch)))
    return window * manifest.window_length + offset
