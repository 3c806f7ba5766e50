"""The joins over the whole corpus: documents that share a band key, and documents that share a line.

A task takes the keys of one range, of which each file has one stretch.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.dedup.arrow_files import list_array, list_sizes, list_values, mapped_batch, write_columns
from pipelines.dedup.candidates import Groups, group_by_key
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.engines import task_progress

KEYS_PER_TASK = 1 << 22


class Share(NamedTuple):
    """What one task joins: all keys of some bands, or a range of the keys of one band."""

    bands: range
    part: int  # which range
    num_parts: int  # of equal ranges


def num_ranges(num_keys: int) -> int:
    """Into how many ranges keys are divided, so that a task's fit into memory."""
    return max(1, -(-num_keys // KEYS_PER_TASK))


def shares_of_bands(num_keys: int, num_bands: int) -> list[Share]:
    """The shares of all tasks, where each band has so many keys."""
    num_parts = num_ranges(num_keys)
    at_once = max(1, KEYS_PER_TASK // max(1, num_keys))
    starts = range(0, num_bands, at_once)
    bands = [range(start, min(start + at_once, num_bands)) for start in starts]
    return [Share(of_task, part, num_parts) for of_task in bands for part in range(num_parts)]


def stretch(keys: NDArray[np.uint64], part: int, num_parts: int) -> slice:
    """Where the keys of one of equal ranges stand among ascending keys."""
    bounds = [(part + side) * 2**64 // num_parts for side in (0, 1)]
    first, end = (len(keys) if bound == 2**64 else int(np.searchsorted(keys, np.uint64(bound))) for bound in bounds)
    return slice(first, end)


class JoinBands(PipelineStep):
    """Groups the documents that share the key of a band: each task some bands, or a range of the keys of one.

    Writes a file for each task, with the columns ``band`` and ``documents``, a list for each group.
    """

    type = "DEDUP"
    name = "join bands"

    def __init__(self, corpus: CorpusFiles, shares: Sequence[Share], folder: Path) -> None:
        super().__init__()
        self.corpus = corpus
        self.shares = shares
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        share = self.shares[rank]
        found = [self.groups(band, share) for band in share.bands]
        num_groups = [len(groups.sizes) for groups in found]
        groups = Groups(*(np.concatenate(column) for column in zip(*found, strict=True)))
        bands = np.repeat(np.array(share.bands, np.int32), num_groups)
        columns = {"band": pa.array(bands), "documents": list_array(groups.documents, groups.sizes)}
        write_columns(groups_file(self.folder, rank), columns)
        return data

    def groups(self, band: int, share: Share) -> Groups:
        parts = list(self.stretches(band, share))
        keys = np.concatenate([np.empty(0, np.uint64), *(keys for keys, _ in parts)])
        documents = np.concatenate([np.empty(0, np.int32), *(documents for _, documents in parts)])
        return group_by_key(keys, documents)

    def stretches(self, band: int, share: Share) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int32]]]:
        """The keys of each file in a range, with the documents whose first records have them."""
        numbering = self.corpus.numbering()
        for place, file in enumerate(self.corpus.files):
            batch = mapped_batch(file.keys, band)
            keys = batch["key"].to_numpy()
            within = stretch(keys, share.part, share.num_parts)
            records = batch["record"].to_numpy()[within]
            is_first = numbering.is_first(place, records)
            yield keys[within][is_first], numbering.documents_of(place)[records[is_first]]
            task_progress().add(num_bytes=8 * len(records))


def groups_file(folder: Path, rank: int) -> Path:
    return folder / f"groups-{rank:05}.arrow"


def read_groups(lists: pa.LargeListArray) -> Groups:
    return Groups(list_values(lists), list_sizes(lists).astype(np.int32))
