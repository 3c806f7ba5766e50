"""From matching n-grams to candidates: how much of which reference each document has."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.contamination.declaration import Matching
from pipelines.contamination.index import NgramIndex


class Candidates(NamedTuple):
    """Pairs of a document and a reference of which it has enough, sorted by (document, reference).

    Args:
        documents: the numbers of the documents, int64 [num_pairs].
        references: the rows of the references, int64 [num_pairs].
        num_checked: int64 [num_references]: the n-grams of each reference that no boilerplate is.
        is_checked: bool [num_references]: whether enough of a reference is left to tell it by.
        hashes: those n-grams, uint64, ascending.
    """

    documents: NDArray[np.int64]
    references: NDArray[np.int64]
    num_checked: NDArray[np.int64]
    is_checked: NDArray[np.bool_]
    hashes: NDArray[np.uint64]


def find_candidates(index: NgramIndex, matches: Iterable[NDArray[np.int64]], matching: Matching) -> Candidates:
    """The documents that have enough of a reference, by their hashes.

    Args:
        matches: of all tasks, each int64 [2, n]: positions in the index, and the documents that have that n-gram.
    """
    ngrams, documents = np.concatenate([*matches, np.empty((2, 0), np.int64)], axis=1)
    is_kept = np.bincount(ngrams, minlength=len(index.hashes)) <= matching.max_documents
    num_references = np.diff(index.starts)
    num_checked = np.bincount(index.references[np.repeat(is_kept, num_references)], minlength=len(index.num_ngrams))
    is_checked = (num_checked > 0) & (num_checked >= matching.min_distinct * index.num_ngrams)
    kept = is_kept[ngrams]
    ngrams, documents = ngrams[kept], documents[kept]
    matched = index.references[ranges(index.starts[ngrams], num_references[ngrams])]
    pairs = np.repeat(documents, num_references[ngrams]) * len(num_checked) + matched
    distinct, num_matched = np.unique(pairs, return_counts=True)
    documents, references = np.divmod(distinct, len(num_checked))
    is_hit = is_checked[references] & is_enough(num_matched, num_checked[references], matching)
    return Candidates(
        documents[is_hit],
        references[is_hit],
        num_checked=num_checked,
        is_checked=is_checked,
        hashes=index.hashes[is_kept],
    )


def is_enough(num_matched: NDArray[np.int64], num_checked: NDArray[np.int64], matching: Matching) -> NDArray[np.bool_]:
    """Whether so many n-grams of a reference make a document contaminated."""
    enough = num_matched >= matching.min_share * num_checked
    return enough if matching.enough_ngrams is None else enough | (num_matched >= matching.enough_ngrams)


def ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The integers from each start on, as many as its size, one range after the other."""
    before = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) + np.repeat(starts - before, sizes)
