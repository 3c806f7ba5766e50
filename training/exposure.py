"""Exposure: exactly how often every token of a source was an input of training by a given step."""

import numpy as np
import numpy.typing as npt

from training.manifest import Manifest
from training.order import Order
from training.permutation import permute

Int64s = npt.NDArray[np.int64]


def window_passes(manifest: Manifest, source: int, samples: int) -> Int64s:
    """How often each window of a source was seen in its first ``samples`` samples; shape (num_windows,), int64."""
    shards = manifest.sources[source]
    epochs, rest = divmod(samples, shards.num_windows)
    passes = np.full(shards.num_windows, epochs, dtype=np.int64)
    key = f"{manifest.seed}/window/{shards.name}/{epochs}"
    passes[permute(np.arange(rest), shards.num_windows, key)] += 1
    return passes


def tokens_seen(manifest: Manifest, source: int, steps_done: int, offsets: Int64s, lengths: Int64s) -> Int64s:
    """Input tokens seen of stretches of a source's shards, repeats counted, after ``steps_done`` steps.

    Args:
        source: index into the manifest's sources.
        offsets, lengths: stretches of the token file, in tokens, int64 of one shape.

    Returns:
        Tokens, int64 of the same shape.
    """
    order = Order(manifest)
    samples = int(order.counts(steps_done * manifest.global_batch_size)[source])
    passes = window_passes(manifest, source, samples)
    before = np.concatenate([[0], np.cumsum(passes)]) * manifest.sequence_length
    passes = np.append(passes, 0)  # the tokens after the last whole window are never an input

    def seen_until(position: Int64s) -> Int64s:
        window, rest = np.divmod(position, manifest.sequence_length)
        beyond = window >= len(passes)
        window = np.where(beyond, len(passes) - 1, window)
        return before[window] + passes[window] * np.where(beyond, 0, rest)

    return seen_until(offsets + lengths) - seen_until(offsets)
