"""The benchmark `classifier_cores`: documents scored by the step of the pipeline, with one process for each core."""

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.classifier.corpus import write_corpus
from benchmarks.classifier.layout import NUM_PARTS, classifier_folder, documents_file
from benchmarks.processes import on_every_core
from benchmarks.tables import aligned
from pipelines.engines import LocalEngine
from pipelines.pieces import Piece
from pipelines.process.account import totals
from quality.scoring.fasttext import FastTextScores
from quality.scoring.score_documents import ScoreDocuments

REPEATS = 4  # of all parts, in the file that each task reads
NUM_TASKS = 8
ROUNDS = 3
EFFICIENT = 0.9  # of the speed of one process, times their number


@dataclass(frozen=True)
class CoresPoint:
    """How fast so many processes are together, while they score: without their start, which is once for a run."""

    num_processes: int
    megabytes_per_second: float  # the median of a few rounds


def measure_cores(report: Callable[[str], None]) -> list[CoresPoint]:
    """A point for each number of processes, from one to the number of cores."""
    with tempfile.TemporaryDirectory() as folder, on_every_core():
        path = Path(folder)
        write_corpus(path)
        pieces = write_pieces(path)
        rounds = [
            [speed(path, pieces, number, report) for number in range(1, (os.cpu_count() or 1) + 1)]
            for _ in range(ROUNDS)
        ]
    medians = map(statistics.median, zip(*rounds, strict=True))
    return [CoresPoint(number, median) for number, median in enumerate(medians, start=1)]


def write_pieces(path: Path) -> list[Piece]:
    """For each task all documents a few times over, in a file of its own name."""
    table = pq.read_table([documents_file(path, part) for part in range(NUM_PARTS)], columns=["id", "text"])
    whole = path / "whole.parquet"
    with pq.ParquetWriter(whole, table.schema, compression="zstd") as writer:
        for _ in range(REPEATS):
            writer.write_table(table, row_group_size=len(table) // NUM_PARTS)
    files = [path / f"task-{task}.parquet" for task in range(NUM_TASKS)]
    for file in files:
        os.link(whole, file)
    return [Piece(file, 0, REPEATS * NUM_PARTS, REPEATS * table["text"].nbytes) for file in files]


def speed(path: Path, pieces: Sequence[Piece], num_processes: int, report: Callable[[str], None]) -> float:
    """Megabytes of text a second of all processes together, by the time that their tasks take."""
    scorer = partial(FastTextScores, classifier_folder(path))
    with tempfile.TemporaryDirectory() as folder:
        steps = [ScoreDocuments(scorer, pieces, Path(folder))]
        num_bytes = sum(piece.num_bytes for piece in pieces)
        engine = LocalEngine(workers=num_processes)
        stats = engine.run(steps, NUM_TASKS, Path(folder) / "tasks", num_bytes=num_bytes, report=lambda _line: None)
    found = num_processes * num_bytes / 1000 / totals(stats)["milliseconds"]
    report(f"{num_processes} processes: {found:,.1f} MB/s")
    return found


def cores_table(points: Sequence[CoresPoint]) -> Iterator[str]:
    """A row for each number of processes, and whether the last is as fast as it should be."""
    alone = points[0].megabytes_per_second
    rows = [["processes", "MB/s", "over one"]]
    rows += [
        [str(point.num_processes), f"{point.megabytes_per_second:,.1f}", f"{point.megabytes_per_second / alone:.2f}x"]
        for point in points
    ]
    yield from aligned(rows)
    last = points[-1]
    wanted = EFFICIENT * last.num_processes * alone
    verdict = "reached" if last.megabytes_per_second >= wanted else "missed"
    yield f"target {wanted:,.0f} MB/s with {last.num_processes} processes: {verdict}"
