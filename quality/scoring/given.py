"""Scores from files: each file is read and checked once, then every task takes the rows of its own documents."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.dedup.arrow_files import whole, write_batches
from pipelines.engines import Engine, task_progress
from pipelines.errors import PhaselineError
from pipelines.fetch.snapshot import RawSnapshot, open_raw
from pipelines.pieces import Piece
from pipelines.readers.source_file import RejectedFile
from pipelines.store import Artifact, Store
from quality.scoring.declaration import FileScorer
from quality.scoring.score_files import score_rows

ROWS_PER_BATCH = 1 << 16

GIVEN = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),  # in the file, from 1 on, for people
    ]
)


def read_score_files(
    store: Store, scorer: FileScorer, raw: Artifact, work: Path, engine: Engine, report: Callable[[str], None]
) -> tuple[Path, list[str]]:
    """Read and check all score files: the folder of their rows, and their paths in the order of their numbers.

    Raises:
        PhaselineError: no file matches, or one is not what is declared.
    """
    snapshot = open_raw(store, raw, scorer.source)
    sizes = snapshot.files(scorer.source.reader)
    folder = work / "given"
    folder.mkdir(parents=True, exist_ok=True)
    report(f"reading {len(sizes):,} score files, {sum(sizes.values()) / 1e6:,.1f} MB")
    steps = [ReadScoreFiles(snapshot, scorer, list(sizes), folder)]
    engine.run(steps, len(sizes), work / "given_tasks", num_bytes=sum(sizes.values()), report=report)
    return folder, list(sizes)


def given_file(folder: Path, number: int) -> Path:
    """Where the rows of a score file lie: GIVEN in the file's order, as an Arrow file."""
    return folder / f"given-{number:05d}.arrow"


class ReadScoreFiles(PipelineStep):
    """Task ``rank`` reads one score file and writes its rows as ``given_file`` names it.

    Args:
        snapshot: the score files.
        paths: of each task's file in the snapshot.
        folder: where the rows go.
    """

    type = "READER"
    name = "scores"

    def __init__(self, snapshot: RawSnapshot, scorer: FileScorer, paths: Sequence[str], folder: Path) -> None:
        super().__init__()
        self.snapshot = snapshot
        self.scorer = scorer
        self.paths = paths
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        task_progress().file(self.paths[rank])
        for file in self.snapshot.read([self.paths[rank]]):
            if isinstance(file, RejectedFile):
                raise PhaselineError(f"{file.path}: {file.rejection.reason}: {file.rejection.detail}", "mend the file")
            rows = score_rows(file, self.scorer)
            write_batches(given_file(self.folder, rank), GIVEN, batches(rows))
            task_progress().add(num_bytes=file.num_bytes)
        return ()


def batches(rows: Iterator[tuple[str, float, int]]) -> Iterator[pa.RecordBatch]:
    """Rows as batches of GIVEN."""
    while some := list(islice(rows, ROWS_PER_BATCH)):
        columns = zip(GIVEN, zip(*some, strict=True), strict=True)
        yield pa.RecordBatch.from_arrays([pa.array(values, field.type) for field, values in columns], schema=GIVEN)


class GivenScores:
    """The scores that files give to a piece's documents; only their rows of the files are held.

    Args:
        folder: of the files' rows.
        paths: of the files, in the order of their numbers.

    Raises:
        PhaselineError: a document has two scores that differ.
    """

    columns = ("id",)

    def __init__(self, folder: Path, paths: Sequence[str], piece: Piece) -> None:
        ids = pc.unique(whole(pa.Table.from_batches(piece.read(["id"]))["id"]))
        tables = [self._rows_of(ids, given_file(folder, number), path) for number, path in enumerate(paths)]
        rows = pa.concat_tables(tables).sort_by([("id", "ascending"), ("file", "ascending"), ("row", "ascending")])
        refuse_contradictions(rows)
        self._ids = whole(rows["id"])
        self._scores = rows["score"]

    @staticmethod
    def _rows_of(ids: pa.StringArray, given: Path, path: str) -> pa.Table:
        """A score file's rows of some documents, with the file's path as the column ``file``."""
        opened = pa.ipc.open_file(pa.memory_map(str(given)))
        found = [GIVEN.empty_table()]
        for number in range(opened.num_record_batches):
            batch = opened.get_batch(number)
            found.append(pa.Table.from_batches([batch.filter(pc.is_in(batch["id"], value_set=ids))], GIVEN))
        table = pa.concat_tables(found)
        return table.append_column("file", pa.repeat(path, len(table)))

    def score(self, documents: pa.RecordBatch) -> npt.NDArray[np.float32]:
        found = pc.index_in(documents["id"], value_set=self._ids)
        return self._scores.take(found).fill_null(np.nan).to_numpy()

    def reason(self, _documents: pa.RecordBatch) -> str:
        return "not_in_file"


def refuse_contradictions(rows: pa.Table) -> None:
    """Raise PhaselineError if two rows of GIVEN, sorted by id, give one document different scores."""
    ids, scores = whole(rows["id"]), rows["score"].to_numpy()
    same = pc.equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    contradicting = np.flatnonzero(same & (scores[1:] != scores[:-1]))
    if len(contradicting):
        first, second = rows.slice(contradicting[0], 2).to_pylist()
        raise PhaselineError(
            f"{second['file']}: row {second['row']}: {second['id']} has the score {second['score']:g}, and "
            f"{first['score']:g} in row {first['row']} of {first['file']}",
            "remove one of the two rows",
        )
