"""Scattering: what belongs to one task is brought together, each file's part of it in one stretch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.dedup.arrow_files import list_array, mapped_batch, whole, write_by_task
from pipelines.dedup.components import NO_TASK
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.dedup.ids import ABSENT, find_ids, unpack_ids
from pipelines.dedup.joins import read_groups
from pipelines.dedup.verify import join_sets, shingle_sets
from pipelines.engines import task_progress

COMPARISONS = pa.schema(
    [
        pa.field("id", pa.binary(16), nullable=False),  # the less preferred document
        pa.field("other_id", pa.binary(16), nullable=False),
        pa.field("similarity", pa.float32(), nullable=False),  # exact Jaccard of their shingles
    ]
)


class Scatter(PipelineStep):
    """Sorts what each of some files holds by the task that is to read it, into the folder ``target``."""

    type = "DEDUP"

    def __init__(self, corpus: CorpusFiles, paths: Sequence[Path], target: Path) -> None:
        super().__init__()
        self.corpus = corpus
        self.paths = paths
        self.target = target


class ScatterGroups(Scatter):
    """Sorts the groups of one file by task."""

    name = "scatter groups"

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        path = self.paths[rank]
        batch = mapped_batch(path)
        groups = read_groups(batch["documents"])
        first = groups.documents[np.cumsum(groups.sizes) - groups.sizes]
        columns = {name: batch[name] for name in ("band", "documents")}
        write_by_task(self.target / path.name, self.corpus.load("task")[first], columns)
        task_progress().add(num_bytes=path.stat().st_size)
        return data


class ScatterComparisons(Scatter):
    """Sorts one file of comparisons made before by task; those of documents that do not meet again are left out."""

    name = "scatter comparisons"

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        path = self.paths[rank]
        table = pq.read_table(path, schema=COMPARISONS, use_threads=False)
        ids, task_of = self.corpus.numbering().ids, self.corpus.load("task")
        left, right = (find_ids(ids, unpack_ids(whole(table[name]))) for name in ("id", "other_id"))
        tasks = [np.where(side == ABSENT, NO_TASK, task_of[side]) for side in (left, right)]
        meet = (tasks[0] == tasks[1]) & (tasks[0] != NO_TASK)
        columns = {"left": left[meet].astype(np.int32), "right": right[meet].astype(np.int32)}
        similarity = whole(table["similarity"]).filter(pa.array(meet))
        arrays = {name: pa.array(column) for name, column in columns.items()}
        write_by_task(comparisons_file(self.target, rank), tasks[0][meet], arrays | {"similarity": similarity})
        task_progress().add(num_bytes=path.stat().st_size)
        return data


def comparisons_file(folder: Path, rank: int) -> Path:
    return folder / f"comparisons-{rank:05}.arrow"


class GatherShingles(PipelineStep):
    """Reads the wanted texts of a task's file of documents, and sorts their shingle sets by the task that wants them.

    Args:
        places: of the files in which texts are wanted.
        wanted: the name of an array of the corpus, bool [num_documents].
    """

    type = "DEDUP"
    name = "gather shingles"

    def __init__(
        self, corpus: CorpusFiles, places: Sequence[int], wanted: str, shingle_words: int, target: Path
    ) -> None:
        super().__init__()
        self.corpus = corpus
        self.places = places
        self.wanted = wanted
        self.shingle_words = shingle_words
        self.target = target

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        place = self.places[rank]
        piece = self.corpus.files[place].piece
        rows, documents = wanted_rows(self.corpus, place, self.corpus.load(self.wanted))
        progress = task_progress()
        progress.file(str(piece.path))
        sets = []
        for batch in piece.read_rows(["text"], rows):
            sets.append(shingle_sets(batch["text"], self.shingle_words))
            progress.add(num_documents=len(batch), num_bytes=batch.nbytes)
        joined = join_sets(sets)
        columns = {"document": pa.array(documents), "hashes": list_array(joined.hashes, np.diff(joined.starts))}
        write_by_task(shingles_file(self.target, rank), self.corpus.load("task")[documents], columns)
        return data


def shingles_file(folder: Path, rank: int) -> Path:
    return folder / f"shingles-{rank:05}.arrow"


def wanted_rows(
    corpus: CorpusFiles, place: int, is_wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The rows of a file's piece where the texts of wanted documents stand, ascending, and the documents."""
    numbering = corpus.numbering()
    documents = numbering.documents_of(place)
    records = np.flatnonzero(is_wanted[documents])
    records = records[numbering.is_first(place, records)]
    rows = mapped_batch(corpus.files[place].records)["row"].to_numpy()[records]
    order = np.argsort(rows)
    return rows[order], documents[records[order]]
