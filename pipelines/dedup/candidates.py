"""Which documents share a key: only they need comparing."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALONE = -1


class Groups(NamedTuple):
    """Two or more documents that share a key stand next to each other."""

    documents: NDArray[np.int32]  # [m], group after group
    sizes: NDArray[np.int32]  # [num_groups]


def group_by_key(keys: NDArray[np.uint64], documents: NDArray[np.int32]) -> Groups:
    """Group documents by their keys, both of shape [n]; those whose key nobody shares are left out."""
    order = np.argsort(keys, kind="stable")  # fast where the keys are a few ascending stretches
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    sizes = np.diff(starts, append=len(ordered)).astype(np.int32)
    is_shared = sizes > 1
    return Groups(documents[order[np.repeat(is_shared, sizes)]], sizes[is_shared])


class Buckets(NamedTuple):
    """Documents that share a band key share a bucket."""

    of_document: NDArray[np.int32]  # [n, bands]: a document's bucket in each band, ALONE where nobody shares its key
    sizes: NDArray[np.int32]  # [num_buckets]: documents in each bucket, two or more

    @property
    def shared(self) -> NDArray[np.bool_]:
        """[n]: whether a document shares any bucket, so may have a near duplicate."""
        return (self.of_document != ALONE).any(axis=1)


Bands = NDArray[np.int32] | int


def number_buckets(groups: Iterable[tuple[Bands, Groups]], of_document: NDArray[np.int32]) -> Buckets:
    """Number groups as buckets, and enter them into ``of_document`` [n, bands].

    Args:
        groups: with the band of each group, or that of all.
    """
    of_document[:] = ALONE
    sizes = [np.empty(0, np.int32)]
    num_buckets = 0
    for bands, group in groups:
        numbers = num_buckets + np.arange(len(group.sizes), dtype=np.int32)
        columns = np.repeat(np.broadcast_to(bands, group.sizes.shape), group.sizes)
        of_document[group.documents, columns] = np.repeat(numbers, group.sizes)
        sizes.append(group.sizes)
        num_buckets += len(group.sizes)
    return Buckets(of_document, np.concatenate(sizes))
