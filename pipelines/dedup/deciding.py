"""Deciding on the documents of a task: what was brought together for them is laid out in order of preference."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.dedup.arrow_files import list_sizes, list_values, rows_of_task, write_columns
from pipelines.dedup.candidates import Buckets, Groups, number_buckets
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.dedup.coverage import NO_LINES, Lines
from pipelines.dedup.ids import pack_ids
from pipelines.dedup.joins import read_groups
from pipelines.dedup.numbering import Numbering
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.scatter import COMPARISONS
from pipelines.dedup.survivors import KEPT, NONE, Comparisons, Known, Survivors, choose_survivors
from pipelines.dedup.verify import ShingleSets
from pipelines.engines import task_progress
from pipelines.whole_files import beside

BOUNDED = "bounded"  # a statistic of the step
PAIR_SHIFT = np.uint64(32)  # the later document of a pair stands to the left of the earlier


@dataclass(frozen=True)
class Brought:
    """The files that were sorted by task."""

    groups: Sequence[Path]
    shingles: Sequence[Path]
    comparisons: Sequence[Path]
    lines: Sequence[Path]


class DecideSurvivors(PipelineStep):
    """Decides on the documents of a task, or says which of their texts that takes.

    Writes the removed documents and the comparisons made; or, where shingle sets are missing, their documents.

    Args:
        tasks: those that are still to be decided.
    """

    type = "DEDUP"
    name = "decide survivors"

    def __init__(
        self, corpus: CorpusFiles, parameters: DedupParameters, brought: Brought, tasks: Sequence[int], folder: Path
    ) -> None:
        super().__init__()
        self.corpus = corpus
        self.parameters = parameters
        self.brought = brought
        self.tasks = tasks
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        task = self.tasks[rank]
        numbering = self.corpus.numbering()
        lines = [rows_of_task(path, task) for path in self.brought.lines]
        members = Members(numbering, self.members(task), lines)
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as name,
            beside(compared_file(self.folder, task)) as compared,
            ComparisonWriter(compared, members) as writer,
        ):
            scratch = Path(name)
            sets, set_of = self.shingle_sets(task, members, scratch)
            outcome = choose_survivors(
                self.buckets(task, members, scratch),
                sets,
                set_of,
                self.parameters.threshold,
                known=self.known(task, members),
                lines=self.lines(members, lines),
                keep=writer.write,
            )
        is_preliminary = outcome.is_wanted.any()
        if is_preliminary:
            np.save(wanted_file(self.folder, task), members.documents[outcome.is_wanted])
        else:
            self.write_removed(task, members, outcome)
        self.stat_update(BOUNDED, value=0 if is_preliminary else outcome.num_bounded)
        return data

    def members(self, task: int) -> NDArray[np.int32]:
        starts = self.corpus.load("task_starts")
        return self.corpus.load("members")[starts[task] : starts[task + 1]]

    def buckets(self, task: int, members: "Members", scratch: Path) -> Buckets:
        def groups() -> Iterator[tuple[NDArray[np.int32], Groups]]:
            for path in self.brought.groups:
                batch = rows_of_task(path, task)
                group = read_groups(batch["documents"])
                yield batch["band"].to_numpy(), group._replace(documents=members.places(group.documents))

        shape = (len(members.documents), self.parameters.bands)
        return number_buckets(groups(), scratch_array(scratch / "buckets", shape, np.int32))

    def shingle_sets(self, task: int, members: "Members", scratch: Path) -> tuple[ShingleSets, NDArray[np.int32]]:
        """The sets brought for a task, and which one is each member's."""
        batches = [rows_of_task(path, task) for path in self.brought.shingles]
        sizes = np.concatenate([np.empty(0, np.int64), *(list_sizes(batch["hashes"]) for batch in batches)])
        starts = np.concatenate(([0], np.cumsum(sizes)))
        hashes = scratch_array(scratch / "hashes", (int(starts[-1]),), np.uint64)
        set_of = np.full(len(members.documents), NONE, np.int32)
        num_sets = 0
        for batch in batches:
            end = num_sets + len(batch)
            hashes[starts[num_sets] : starts[end]] = list_values(batch["hashes"])
            set_of[members.places(batch["document"].to_numpy())] = np.arange(num_sets, end)
            num_sets = end
            task_progress().add(num_documents=len(batch), num_bytes=batch.nbytes)
        return ShingleSets(hashes, starts), set_of

    def known(self, task: int, members: "Members") -> Known:
        batches = [rows_of_task(path, task) for path in self.brought.comparisons]
        sides = [members.places(column(batches, name, np.int32)).astype(np.uint64) for name in ("left", "right")]
        pairs = np.maximum(*sides) << PAIR_SHIFT | np.minimum(*sides)
        order = np.argsort(pairs)
        return Known(pairs[order], column(batches, "similarity", np.float32)[order])

    def lines(self, members: "Members", batches: Sequence[pa.RecordBatch]) -> Lines:
        declared = self.parameters.repeated_lines
        if declared is None:
            return NO_LINES
        files = np.repeat(np.arange(len(batches)), [len(batch) for batch in batches])
        numbers = np.stack([files, column(batches, "line", np.int32)])
        lines = np.unique(numbers, axis=1, return_inverse=True)[1].astype(np.int32)
        places = members.places(column(batches, "document", np.int32))
        order = np.lexsort((lines, places))
        return Lines(
            starts=np.searchsorted(places[order], np.arange(len(members.documents) + 1)),
            lines=lines[order],
            num_characters=column(batches, "num_characters", np.int32)[order],
            text_characters=members.numbering.num_characters[members.documents],
            num_lines=int(lines.max(initial=-1)) + 1,
            max_share=declared.max_share,
        )

    def write_removed(self, task: int, members: "Members", outcome: Survivors) -> None:
        removed = np.flatnonzero(outcome.step != KEPT)
        columns = {
            "document": members.documents[removed],
            "survivor": members.documents[outcome.survivor[removed]],
            "similarity": outcome.similarity[removed],
            "step": outcome.step[removed],
        }
        write_columns(decided_file(self.folder, task), {name: pa.array(values) for name, values in columns.items()})


def decided_file(folder: Path, task: int) -> Path:
    return folder / f"decided-{task:05}.arrow"


def compared_file(folder: Path, task: int) -> Path:
    return folder / f"compared-{task:05}.parquet"


def wanted_file(folder: Path, task: int) -> Path:
    return folder / f"wanted-{task:05}.npy"


class Members:
    """The documents of a task in order of preference: those to decide on, and certain survivors that hold their lines.

    The latter share no bucket and are not at risk, so they survive here as well.
    """

    def __init__(self, numbering: Numbering, uncertain: NDArray[np.int32], lines: Sequence[pa.RecordBatch]) -> None:
        self.numbering = numbering
        self._ascending = np.unique(np.concatenate([uncertain, column(lines, "document", np.int32)]))
        order = numbering.preference_order(self._ascending)
        self.documents = self._ascending[order]
        self._place = np.empty(len(order), np.int32)
        self._place[order] = np.arange(len(order), dtype=np.int32)

    def places(self, documents: NDArray[np.int32]) -> NDArray[np.int32]:
        """Where documents stand among the members."""
        return self._place[np.searchsorted(self._ascending, documents)]


class ComparisonWriter:
    """Writes comparisons of members to a Parquet file as they are made."""

    def __init__(self, path: Path, members: Members) -> None:
        self._writer = pq.ParquetWriter(path, COMPARISONS, compression="zstd")
        self._members = members

    def __enter__(self) -> "ComparisonWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, made: Comparisons) -> None:
        documents, ids = self._members.documents, self._members.numbering.ids
        sides = [pack_ids(ids[documents[side]]) for side in (made.later, made.earlier)]
        self._writer.write_batch(pa.record_batch([*sides, pa.array(made.similarity)], schema=COMPARISONS))


def column(batches: Sequence[pa.RecordBatch], name: str, dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *(batch[name].to_numpy() for batch in batches)])


def scratch_array(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """An array in a file: one too large for memory is written out by the operating system instead of exhausting it."""
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.asarray(np.memmap(path, dtype, "w+", shape=shape))
