"""Which documents share a band key: only they need comparing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALONE = -1


class Buckets(NamedTuple):
    """Documents that share a band key share a bucket."""

    of_document: NDArray[np.int64]  # [n, bands]: a document's bucket in each band, ALONE where nobody shares its key
    sizes: NDArray[np.int64]  # [num_buckets]: documents in each bucket, two or more

    @property
    def shared(self) -> NDArray[np.bool_]:
        """[n]: whether a document shares any bucket, so may have a near duplicate."""
        return (self.of_document != ALONE).any(axis=1)


def shared_buckets(keys: NDArray[np.uint64]) -> Buckets:
    """Group documents by band keys, uint64 [n, bands], sorting each band on its own."""
    of_document = np.full(keys.shape, ALONE, np.int64)
    sizes: list[NDArray[np.int64]] = []
    num_buckets = 0
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band])
        ordered = keys[order, band]
        run = np.cumsum(np.append(False, ordered[1:] != ordered[:-1])[: len(ordered)])
        run_sizes = np.bincount(run)
        shared = run_sizes > 1
        bucket = np.where(shared, num_buckets + np.cumsum(shared) - 1, ALONE)
        of_document[order, band] = bucket[run]
        sizes.append(run_sizes[shared])
        num_buckets += int(shared.sum())
    return Buckets(of_document, np.concatenate(sizes))
