"""Connected components of documents, and tasks of whole components: what happens in one concerns no other."""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

TASK_BYTES = 64 << 20  # of text; a larger component is a task of its own
NO_TASK = -1


class Tasks(NamedTuple):
    """Documents in tasks."""

    of_document: NDArray[np.int32]  # [num_documents]: NO_TASK for a document that is certain to survive
    members: NDArray[np.int32]  # the documents of each task, ascending, task after task
    starts: NDArray[np.int64]  # [num_tasks + 1]: task i is members[starts[i]:starts[i + 1]]

    @property
    def num_tasks(self) -> int:
        return len(self.starts) - 1


def tasks_of_components(
    parents: NDArray[np.int32], is_uncertain: NDArray[np.bool_], num_bytes: NDArray[np.int64]
) -> Tasks:
    """Put the components of the uncertain documents into tasks, those with the least members first.

    Args:
        parents: [num_documents], of a forest of joined documents.
        is_uncertain: [num_documents], the documents to be decided.
        num_bytes: [num_documents], of their texts.
    """
    documents = np.flatnonzero(is_uncertain).astype(np.int32)
    roots = find_roots(parents)[documents]
    order = np.argsort(roots, kind="stable")
    documents, roots = documents[order], roots[order]
    ends = np.cumsum(num_bytes[documents])
    is_start = np.append(True, roots[1:] != roots[:-1])[: len(roots)]
    component_starts = (ends - num_bytes[documents])[is_start]
    component_tasks = np.unique(component_starts // TASK_BYTES, return_inverse=True)[1]
    task = component_tasks[np.cumsum(is_start) - 1].astype(np.int32)
    of_document = np.full(len(parents), NO_TASK, np.int32)
    of_document[documents] = task
    members = documents[np.lexsort((documents, task))]
    return Tasks(of_document, members, np.concatenate(([0], np.cumsum(np.bincount(task)))).astype(np.int64))


@numba.njit(cache=True, nogil=True)
def join_groups(parents: Any, is_shared: Any, documents: Any, sizes: Any) -> None:
    """Join the documents of each group, and mark them in ``is_shared``, both of shape [num_documents]."""
    start = 0
    for size in sizes:
        for document in documents[start : start + size]:
            is_shared[document] = True
            join(parents, documents[start], document)
        start += size


@numba.njit(cache=True, nogil=True)
def join(parents: Any, left: int, right: int) -> None:
    """Join the trees of two documents under the lesser root, which is the component's least document."""
    left, right = root_of(parents, left), root_of(parents, right)
    if left < right:
        parents[right] = left
    else:
        parents[left] = right


@numba.njit(cache=True, nogil=True)
def root_of(parents: Any, document: int) -> int:
    while parents[document] != document:
        parents[document] = parents[parents[document]]
        document = parents[document]
    return document


@numba.njit(cache=True, nogil=True)
def find_roots(parents: Any) -> Any:
    """The root of every document."""
    roots = np.empty_like(parents)
    for document in range(len(parents)):
        roots[document] = root_of(parents, document)
    return roots
