"""Which documents survive: greedily in order of priority, each compared with survivors only."""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from pipelines.dedup.candidates import ALONE, Buckets
from pipelines.dedup.verify import ShingleSets, jaccard, loaded, new_table

MAX_COMPARISONS = 256


class Survivors(NamedTuple):
    """The outcome for each of n documents, in order of priority."""

    survivor: NDArray[np.int64]  # [n]: the surviving document it is a near duplicate of; itself if it survives
    similarity: NDArray[np.float32]  # [n]: their exact Jaccard similarity; 1 if it survives
    num_comparisons: int
    num_bounded: int  # documents kept after MAX_COMPARISONS without a match, while more survivors shared a bucket


def choose_survivors(
    buckets: Buckets, sets: ShingleSets, set_of_document: NDArray[np.int64], threshold: float
) -> Survivors:
    """Keep each document, most preferred first, unless a kept one of its buckets is at least ``threshold`` similar.

    So survivors that share a bucket are no near duplicates of each other, and each removed document names a survivor
    that is directly similar to it. A document is compared with at most MAX_COMPARISONS survivors, those of its rarest
    buckets first, so that n different documents of one template cost no n**2 comparisons. A duplicate can be missed
    only where all buckets that it shares with its survivor are that crowded; ``num_bounded`` counts those at risk.

    Args:
        buckets: of n documents in order of priority.
        sets: the shingle sets of all documents that share a bucket.
        set_of_document: int64 [n], a document's position in ``sets``; not read for one that shares no bucket.
        threshold: the similarity from which on the later document is removed.
    """
    num_documents = len(buckets.of_document)
    survivor = np.arange(num_documents)
    similarity = np.ones(num_documents, np.float32)
    bucket_starts = np.concatenate(([0], np.cumsum(buckets.sizes)))
    num_comparisons, num_bounded = fill_survivors(
        buckets.of_document,
        bucket_starts,
        sets.hashes,
        sets.starts,
        set_of_document,
        new_table(int(np.diff(sets.starts).max(initial=0))),
        threshold,
        survivor,
        similarity,
    )
    return Survivors(survivor, similarity, num_comparisons, num_bounded)


@numba.njit(cache=True, nogil=True)
def fill_survivors(
    buckets_of: Any,
    bucket_starts: Any,
    hashes: Any,
    starts: Any,
    set_of: Any,
    table: Any,
    threshold: float,
    survivor: Any,
    similarity: Any,
) -> tuple[int, int]:
    """Fill ``survivor`` and ``similarity``; returns the numbers of comparisons and of bounded documents."""
    num_documents, num_bands = buckets_of.shape
    kept = np.empty(bucket_starts[-1], np.int64)  # the survivors of each bucket, from its start on
    num_kept = np.zeros(len(bucket_starts) - 1, np.int64)
    last_compared = np.full(num_documents, -1, np.int64)  # with which document each survivor was compared last
    shared = np.empty(num_bands, np.int64)
    total = num_bounded = 0
    for document in range(num_documents):
        num_shared = rarest_first(buckets_of[document], num_kept, shared)
        if num_shared == 0:
            continue
        own = hashes[starts[set_of[document]] : starts[set_of[document] + 1]]
        holds_own = loaded(table, own)
        num_comparisons = 0
        bounded = False
        for bucket in shared[:num_shared]:
            for other in kept[bucket_starts[bucket] : bucket_starts[bucket] + num_kept[bucket]]:
                if last_compared[other] == document:
                    continue
                if num_comparisons == MAX_COMPARISONS:
                    bounded = True
                    break
                last_compared[other] = document
                num_comparisons += 1
                match = jaccard(holds_own, len(own), hashes[starts[set_of[other]] : starts[set_of[other] + 1]])
                if match >= threshold:
                    survivor[document] = other
                    similarity[document] = match
                    break
            if bounded or survivor[document] != document:
                break
        total += num_comparisons
        num_bounded += bounded
        if survivor[document] == document:
            for bucket in shared[:num_shared]:
                kept[bucket_starts[bucket] + num_kept[bucket]] = document
                num_kept[bucket] += 1
    return total, num_bounded


@numba.njit(cache=True, nogil=True)
def rarest_first(buckets: Any, num_kept: Any, shared: Any) -> int:
    """Write the buckets that a document shares to ``shared``, fewest survivors first; returns how many."""
    count = 0
    for bucket in buckets:
        if bucket == ALONE:
            continue
        place = count
        while place > 0 and num_kept[shared[place - 1]] > num_kept[bucket]:
            shared[place] = shared[place - 1]
            place -= 1
        shared[place] = bucket
        count += 1
    return count
