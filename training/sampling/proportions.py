"""Balanced proportions: in which turn samples come from several sources, so that any stretch holds the blend.

The sources are the leaves of a binary tree of depth d = ceil(log2 n), n the number of sources with weight. A node whose
children weigh l and r, and which x samples have reached, has sent floor((x * l + offset) / (l + r)) of them to the left
and the others to the right, its offset in [0, l + r) drawn by a keyed hash. Each sample goes down the tree to a leaf;
the way up inverts that in closed form. All arithmetic is in whole numbers.

Any stretch of m samples holds each source's share of m to within d samples:
1. Of the samples of a stretch that reach a node, l / (l + r) go to the left with an error below 1: what the floor takes
   off at the stretch's end less what it takes off at its start. So do r / (l + r) to the right.
2. On the way down to a leaf such an error is multiplied by the shares below the node, all of them at most 1.
3. A leaf has d nodes above it, so its own error is below d (and 0 where there is only one source).

After as many samples as the weights add up to, each source has had exactly its weight.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import xxhash

Int64s = npt.NDArray[np.int64]

MAX_TOTAL = 1 << 42  # of the weights and of the positions, so that every product fits 64 bits
NO_NODE = 0  # of sources without weight, which no sample reaches
HALF_BITS = np.uint64(21)
HALF_MASK = np.uint64((1 << 21) - 1)


class Places(NamedTuple):
    """Samples of a stream: the source of each, and how many of that source came before it. Two arrays of one shape."""

    source: Int64s
    rank: Int64s


class Proportions:
    """The endless stream of samples of weighted sources; its positions count from 0, up to MAX_TOTAL.

    Args:
        weights: by source, whole numbers of at least 0 and of any scale.
        key: what the turns are drawn from.

    Raises:
        ValueError: the weights add up to 0 or to more than MAX_TOTAL.
    """

    def __init__(self, weights: Sequence[int], key: str) -> None:
        if not 0 < sum(weights) <= MAX_TOTAL:
            raise ValueError(f"the weights add up to {sum(weights)}, not to a number in [1, {MAX_TOTAL}]")
        self.num_sources = len(weights)
        self.taken = np.flatnonzero(np.array(weights) > 0)  # the source of each leaf
        self._depth = (len(self.taken) - 1).bit_length()
        num_leaves = 1 << self._depth
        self._nodes = np.full(self.num_sources, NO_NODE)
        self._nodes[self.taken] = num_leaves + np.arange(len(self.taken))
        totals = [0] * (2 * num_leaves)  # as in a heap: the children of node k are 2k and 2k + 1
        for source, node in zip(self.taken.tolist(), range(num_leaves, 2 * num_leaves), strict=False):
            totals[node] = weights[source]
        for node in reversed(range(1, num_leaves)):
            totals[node] = totals[2 * node] + totals[2 * node + 1]
        self._totals = np.array(totals, dtype=np.uint64)
        draws = [xxhash.xxh3_64_intdigest(f"{key}/{node}") for node in range(num_leaves)]
        self._offsets = np.array([draw % max(totals[node], 1) for node, draw in enumerate(draws)], dtype=np.uint64)

    def places(self, positions: Int64s) -> Places:
        """The source and rank of the samples at positions of the stream, shape (n,)."""
        leaves, ranks = np.empty_like(positions), np.empty_like(positions)
        _descend(positions, self._totals, self._offsets, self._depth, leaves, ranks)
        return Places(self.taken[leaves], ranks)

    def positions(self, source: int, ranks: Int64s) -> Int64s:
        """The positions of a source's samples, the inverse of ``places``: shape (n,). The source has a weight."""
        positions = np.empty_like(ranks)
        _ascend(ranks, self._nodes[source], self._totals, self._offsets, positions)
        return positions

    def ranks(self, sources: Int64s, positions: Int64s) -> Int64s:
        """How many samples of a source come before a position, for pairs of both; shape (n,)."""
        ranks = np.empty_like(positions)
        _descend_to(self._nodes[sources], positions, self._totals, self._offsets, self._depth, ranks)
        return ranks

    def counts(self, position: int) -> Int64s:
        """The samples of each source among the first ``position``; shape (num_sources,).

        In plain numbers: plans ask for little else, and the first kernel of a process takes half a second to load.
        """
        totals, offsets = self._totals.tolist(), self._offsets.tolist()
        samples = [0, position, *[0] * (len(totals) - 2)]
        for node in range(1, len(totals) // 2):
            if totals[node]:
                samples[2 * node] = (samples[node] * totals[2 * node] + offsets[node]) // totals[node]
                samples[2 * node + 1] = samples[node] - samples[2 * node]
        return np.array(samples, dtype=np.int64)[self._nodes]


@numba.njit(cache=True, nogil=True)
def _descend(positions: Any, totals: Any, offsets: Any, depth: int, leaves: Any, ranks: Any) -> None:
    for place in range(len(positions)):
        x, node = np.uint64(positions[place]), 1
        for _ in range(depth):
            left, total = totals[2 * node], totals[node]
            left_samples, rest = _divided(x, left, offsets[node], total)
            goes_left = rest + left >= total  # one sample more brings the left child one more
            x = left_samples if goes_left else x - left_samples
            node = 2 * node + (0 if goes_left else 1)
        leaves[place] = node - (1 << depth)
        ranks[place] = x


@numba.njit(cache=True, nogil=True)
def _descend_to(nodes: Any, positions: Any, totals: Any, offsets: Any, depth: int, ranks: Any) -> None:
    for place in range(len(positions)):
        if nodes[place] == NO_NODE:
            ranks[place] = 0
            continue
        x = np.uint64(positions[place])
        for level in range(depth - 1, -1, -1):
            child = nodes[place] >> level
            node = child // 2
            left_samples, _ = _divided(x, totals[2 * node], offsets[node], totals[node])
            x = x - left_samples if child % 2 else left_samples
        ranks[place] = x


@numba.njit(cache=True, nogil=True)
def _ascend(ranks: Any, leaf: int, totals: Any, offsets: Any, positions: Any) -> None:
    """Sample x of the left child is the node's first sample y with floor(((y + 1) * left + offset) / total) > x."""
    for place in range(len(ranks)):
        x, child = np.uint64(ranks[place]), leaf
        while child > 1:
            node = child // 2
            offset = offsets[node] if child % 2 else totals[node] - np.uint64(1) - offsets[node]
            x, _ = _divided(x, totals[node], offset, totals[child])
            child = node
        positions[place] = x


@numba.njit(cache=True, nogil=True)
def _divided(x: Any, factor: Any, offset: Any, divisor: Any) -> Any:
    """Quotient and remainder of x * factor + offset by divisor: long division in two digits of 21 bits."""
    high = (x >> HALF_BITS) * factor
    quotient = high // divisor
    low = ((high - quotient * divisor) << HALF_BITS) + (x & HALF_MASK) * factor + offset
    low_quotient = low // divisor
    return (quotient << HALF_BITS) + low_quotient, low - low_quotient * divisor
