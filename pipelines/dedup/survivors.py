"""Which documents survive: greedily in order of preference, each compared with survivors only."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from pipelines.dedup.candidates import ALONE, Buckets
from pipelines.dedup.coverage import NO_LINES, Lines, claim_lines, covered_share
from pipelines.dedup.verify import ShingleSets, jaccard, loaded, new_table

MAX_COMPARISONS = 256
ROOM = 1 << 18  # comparisons that are handed over at once
NONE = -1
UNKNOWN = np.float32(-1)
KEPT, NEAR, LINES = range(3)  # how a document fared


class Known(NamedTuple):
    """Similarities that need no texts."""

    pairs: NDArray[np.uint64]  # [num_pairs], ascending: the later document << 32 | the earlier
    similarities: NDArray[np.float32]  # [num_pairs]


class Comparisons(NamedTuple):
    """Pairs of documents that were compared; columns of shape [num_pairs]."""

    later: NDArray[np.int32]
    earlier: NDArray[np.int32]
    similarity: NDArray[np.float32]


class Survivors(NamedTuple):
    """The outcome for each of n documents, in order of preference."""

    survivor: NDArray[np.int32]  # [n]: the survivor it was removed for; itself if it survives
    similarity: NDArray[np.float32]  # [n]: exact Jaccard for NEAR, share of characters for LINES; 1 if it survives
    step: NDArray[np.int8]  # [n]: KEPT, NEAR or LINES
    is_wanted: NDArray[np.bool_]  # [n]: its shingle set was missing; where any was, the outcome is preliminary
    num_comparisons: int
    num_bounded: int  # documents kept after MAX_COMPARISONS without a match, while more survivors shared a bucket


class Search(NamedTuple):
    """Where near duplicates are looked for, and what has been kept so far."""

    buckets: Any  # int32 [n, bands]
    kept: Any  # int32: the first survivors of each bucket, MAX_COMPARISONS + 1 at most
    kept_starts: Any  # int64 [num_buckets + 1]: where those of each bucket stand
    num_kept: Any  # int32 [num_buckets]: survivors of each bucket, in ``kept`` or not
    last_compared: Any  # int32 [n]: with which document each survivor was compared last
    shared: Any  # int32 [bands], scratch: the buckets of one document


class Texts(NamedTuple):
    """What is known of the documents' texts."""

    hashes: Any  # uint64: shingle sets end to end
    starts: Any  # int64 [num_sets + 1]
    set_of: Any  # int32 [n]: the set of each document, NONE where it is missing
    known_pairs: Any
    known_similarities: Any
    table: Any  # uint64, scratch: holds one set
    is_wanted: Any  # bool [n]


NOTHING_KNOWN = Known(np.empty(0, np.uint64), np.empty(0, np.float32))


def ignore(_: Comparisons) -> None:
    """Where comparisons go that nobody keeps."""


def choose_survivors(
    buckets: Buckets,
    sets: ShingleSets,
    set_of_document: NDArray[np.int32],
    threshold: float,
    *,
    known: Known = NOTHING_KNOWN,
    lines: Lines = NO_LINES,
    keep: Callable[[Comparisons], None] = ignore,
) -> Survivors:
    """Keep each document, most preferred first, unless a kept one of its buckets is at least ``threshold`` similar.

    So survivors that share a bucket are no near duplicates of each other, and each removed document names a survivor
    that is directly similar to it. A document is compared with at most MAX_COMPARISONS survivors, those of its rarest
    buckets first, so that n different documents of one template cost no n**2 comparisons. A duplicate can be missed
    only where all buckets that it shares with its survivor are that crowded; ``num_bounded`` counts those at risk.

    A document without a near duplicate is then removed if kept ones hold enough of its lines.

    Args:
        buckets: of n documents in order of preference.
        sets: shingle sets.
        set_of_document: int32 [n], a document's position in ``sets``, NONE where its set is missing.
        threshold: the similarity from which on the later document is removed.
        known: is asked before the sets are.
        lines: of the same documents.
        keep: is given all comparisons, as many at a time as memory allows.
    """
    num_documents = len(buckets.of_document)
    room = np.minimum(buckets.sizes, MAX_COMPARISONS + 1)
    kept_starts = np.concatenate(([0], np.cumsum(room, dtype=np.int64)))
    search = Search(
        buckets.of_document,
        np.empty(kept_starts[-1], np.int32),
        kept_starts,
        np.zeros(len(room), np.int32),
        np.full(num_documents, NONE, np.int32),
        np.empty(buckets.of_document.shape[1], np.int32),
    )
    is_wanted = np.zeros(num_documents, np.bool_)
    table = new_table(int(np.diff(sets.starts).max(initial=0)))
    texts = Texts(sets.hashes, sets.starts, set_of_document, known.pairs, known.similarities, table, is_wanted)
    owners = np.full(lines.num_lines, NONE, np.int32)
    survivor = np.arange(num_documents, dtype=np.int32)
    similarity, step = np.ones(num_documents, np.float32), np.full(num_documents, KEPT, np.int8)
    made = Comparisons(np.empty(ROOM, np.int32), np.empty(ROOM, np.int32), np.empty(ROOM, np.float32))
    document = num_comparisons = num_bounded = 0
    while document < num_documents:
        document, count, bounded = decide(
            document, search, texts, np.float32(threshold), lines, owners, survivor, similarity, step, made
        )
        keep(Comparisons(made.later[:count], made.earlier[:count], made.similarity[:count]))
        num_comparisons += count
        num_bounded += bounded
    return Survivors(survivor, similarity, step, is_wanted, num_comparisons, num_bounded)


@numba.njit(cache=True, nogil=True)
def decide(
    document: int,
    search: Any,
    texts: Any,
    threshold: float,
    lines: Any,
    owners: Any,
    survivor: Any,
    similarity: Any,
    step: Any,
    made: Any,
) -> tuple[int, int, int]:
    """Decide on documents until there is no room for more comparisons.

    Returns the next document to decide on, and the numbers of comparisons and of bounded documents.
    """
    count = num_bounded = 0
    while document < len(survivor) and count + MAX_COMPARISONS <= len(made.later):
        num_shared = rarest_first(search.buckets[document], search.num_kept, search.shared)
        shared = search.shared[:num_shared]
        other, match, count_after, bounded = near_duplicate(document, shared, search, texts, threshold, made, count)
        count = count_after
        num_bounded += bounded
        if other != NONE:
            survivor[document], similarity[document], step[document] = other, match, NEAR
        else:
            other, share = covered_share(document, lines, owners)
            if other != NONE:
                survivor[document], similarity[document], step[document] = other, share, LINES
            else:
                keep_in_buckets(document, shared, search)
                claim_lines(document, lines, owners)
        document += 1
    return document, count, num_bounded


@numba.njit(cache=True, nogil=True)
def near_duplicate(
    document: int, shared: Any, search: Any, texts: Any, threshold: float, made: Any, count: int
) -> tuple[int, float, int, bool]:
    """The first survivor in a document's buckets that is similar enough, or NONE.

    Returns it, the similarity, the number of comparisons made after those before, and whether it stopped early.
    """
    limit = count + MAX_COMPARISONS
    own = texts.table[:0]  # the document's set, once it is loaded
    num_own = 0
    for bucket in shared:
        start = search.kept_starts[bucket]
        for other in search.kept[start : min(start + search.num_kept[bucket], search.kept_starts[bucket + 1])]:
            if search.last_compared[other] == document:
                continue
            if count == limit:
                return NONE, 0.0, count, True
            search.last_compared[other] = document
            match = known_similarity(texts, document, other)
            if match == UNKNOWN:
                if texts.set_of[document] == NONE or texts.set_of[other] == NONE:
                    texts.is_wanted[document] = texts.is_wanted[other] = True
                    continue
                if num_own == 0:
                    elements = set_elements(texts, document)
                    own, num_own = loaded(texts.table, elements), len(elements)
                match = np.float32(jaccard(own, num_own, set_elements(texts, other)))
            made.later[count], made.earlier[count], made.similarity[count] = document, other, match
            count += 1
            if match >= threshold:
                return other, match, count, False
    return NONE, 0.0, count, False


@numba.njit(cache=True, nogil=True)
def known_similarity(texts: Any, later: int, earlier: int) -> Any:
    if len(texts.known_pairs) == 0:
        return UNKNOWN
    pair = np.uint64(later) << np.uint64(32) | np.uint64(earlier)
    place = np.searchsorted(texts.known_pairs, pair)
    if place < len(texts.known_pairs) and texts.known_pairs[place] == pair:
        return texts.known_similarities[place]
    return UNKNOWN


@numba.njit(cache=True, nogil=True)
def set_elements(texts: Any, document: int) -> Any:
    number = texts.set_of[document]
    return texts.hashes[texts.starts[number] : texts.starts[number + 1]]


@numba.njit(cache=True, nogil=True)
def keep_in_buckets(document: int, shared: Any, search: Any) -> None:
    for bucket in shared:
        place = search.kept_starts[bucket] + search.num_kept[bucket]
        if place < search.kept_starts[bucket + 1]:
            search.kept[place] = document
        search.num_kept[bucket] += 1


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
