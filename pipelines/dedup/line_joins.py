"""Lines that several documents hold, and the documents that may have too little else.

A document is at risk if all documents preferred to it together hold enough of its lines. Only those need to be decided,
and of the others only the first certain survivor that holds a line matters to them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.dedup.arrow_files import list_array, list_sizes, list_values, mapped_batch, write_by_task, write_columns
from pipelines.dedup.components import NO_TASK, join
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.dedup.joins import stretch
from pipelines.dedup.numbering import Numbering
from pipelines.dedup.scatter import Scatter
from pipelines.engines import task_progress


class SharedLines(NamedTuple):
    """Lines held by two or more documents; the columns of a file, whose lists have the same sizes."""

    documents: NDArray[np.int32]  # [m]: line after line, those of a line in order of preference
    num_characters: NDArray[np.int32]  # [m]
    sizes: NDArray[np.int32]  # [num_lines]


class JoinLines(PipelineStep):
    """Groups the documents that share a line whose hash is in the task's range."""

    type = "DEDUP"
    name = "join lines"

    def __init__(self, corpus: CorpusFiles, folder: Path) -> None:
        super().__init__()
        self.corpus = corpus
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        numbering = self.corpus.numbering()
        columns = [np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.int32)]
        parts = zip(columns, *self.stretches(numbering, rank, world_size), strict=True)
        lines = group_lines(numbering, *(np.concatenate(part) for part in parts))
        lists = {name: list_array(getattr(lines, name), lines.sizes) for name in ("documents", "num_characters")}
        write_columns(lines_file(self.folder, rank), lists)
        return data

    def stretches(self, numbering: Numbering, number: int, count: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """The hashes, documents and characters of each file's lines in a range."""
        for place, file in enumerate(self.corpus.files):
            batch = mapped_batch(file.lines)
            hashes = batch["hash"].to_numpy()
            within = stretch(hashes, number, count)
            records = batch["record"].to_numpy()[within]
            is_first = numbering.is_first(place, records)
            documents = numbering.documents_of(place)[records[is_first]]
            yield hashes[within][is_first], documents, batch["num_characters"].to_numpy()[within][is_first]
            task_progress().add(num_bytes=8 * len(records))


def lines_file(folder: Path, rank: int) -> Path:
    return folder / f"lines-{rank:05}.arrow"


def read_lines(path: Path) -> SharedLines:
    batch = mapped_batch(path)
    sizes = list_sizes(batch["documents"]).astype(np.int32)
    return SharedLines(list_values(batch["documents"]), list_values(batch["num_characters"]), sizes)


def group_lines(
    numbering: Numbering, hashes: NDArray[np.uint64], documents: NDArray[np.int32], num_characters: NDArray[np.int32]
) -> SharedLines:
    """Group lines, columns of equal length, by their hashes; lines that one document alone holds are left out."""
    _, numbers, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    is_shared = counts[numbers] > 1
    numbers, documents, num_characters = numbers[is_shared], documents[is_shared], num_characters[is_shared]
    by_preference = numbering.preference_order(documents)
    order = by_preference[np.argsort(numbers[by_preference], kind="stable")]
    return SharedLines(documents[order], num_characters[order], counts[counts > 1].astype(np.int32))


@numba.njit(cache=True, nogil=True)
def add_covered(lines: Any, covered: Any) -> None:
    """Add to ``covered`` [num_documents] the characters of each document's lines that preferred documents hold."""
    start = 0
    for size in lines.sizes:
        for entry in range(start + 1, start + size):
            covered[lines.documents[entry]] += lines.num_characters[entry]
        start += size


@numba.njit(cache=True, nogil=True)
def join_lines(lines: Any, is_uncertain: Any, is_at_risk: Any, parents: Any) -> None:
    """Join the documents on which it depends who owns a line that a document at risk holds.

    These are the uncertain ones before the first certain survivor, and those at risk after it. Where a certain
    survivor comes first, it is the owner, and nobody depends on anybody else.
    """
    start = 0
    for size in lines.sizes:
        documents = lines.documents[start : start + size]
        start += size
        if not is_uncertain[documents[0]] or not is_at_risk[documents].any():
            continue
        is_before = True
        for document in documents:
            is_before = is_before and is_uncertain[document]
            if is_before or is_at_risk[document]:
                join(parents, documents[0], document)


class ScatterLines(Scatter):
    """Gives each task the lines that its documents depend on; a certain survivor's to every task that asks for it."""

    name = "scatter lines"

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        path = self.paths[rank]
        lines = read_lines(path)
        task_of, is_at_risk = self.corpus.load("task"), self.corpus.load("is_at_risk")
        task, line, entry = needed_entries(lines, task_of, is_at_risk)
        columns = {"line": line, "document": lines.documents[entry], "num_characters": lines.num_characters[entry]}
        write_by_task(self.target / path.name, task, {name: pa.array(column) for name, column in columns.items()})
        task_progress().add(num_bytes=path.stat().st_size)
        return data


@numba.njit(cache=True, nogil=True)
def needed_entries(lines: Any, task_of: Any, is_at_risk: Any) -> Any:
    """The entries of lines that tasks need: columns task, line and entry, all of equal length."""
    room = 2 * len(lines.documents)  # a certain survivor's once for each document at risk
    tasks, numbers, entries = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int64)
    count = start = 0
    for line, size in enumerate(lines.sizes):
        documents = lines.documents[start : start + size]
        is_risky = is_at_risk[documents]
        certain = NO_TASK
        before = count
        for place in range(size if is_risky.any() else 0):
            task = task_of[documents[place]]
            if task == NO_TASK and certain == NO_TASK:
                certain = place
            elif task != NO_TASK and (certain == NO_TASK or is_risky[place]):
                tasks[count], numbers[count], entries[count] = task, line, start + place
                count += 1
        if certain != NO_TASK:
            distinct = np.unique(tasks[before:count])
            for task in distinct:
                tasks[count], numbers[count], entries[count] = task, line, start + certain
                count += 1
        start += size
    return tasks[:count], numbers[:count], entries[:count]
