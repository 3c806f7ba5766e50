"""The growth of deduplication: the whole step in a process of its own, at each size."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.dedup_growth.corpus import copies_of, num_duplicates, write_corpus
from benchmarks.dedup_growth.tree import run_watched
from benchmarks.processes import ROOT, environment
from benchmarks.tables import aligned
from pipelines.corpus import DEDUP, REMOVALS
from pipelines.store import Store

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)  # documents
MEMORY_LIMIT = 4e9  # bytes, at the largest size


@dataclass(frozen=True)
class GrowthPoint:
    """One size. All that the step took from the documents to the survivors, signatures included."""

    num_documents: int
    num_bytes: int  # of text
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int  # of all processes at once
    recall: float  # planted duplicates of which one document was removed
    precision: float  # removed documents that are the only one of such a pair


def measure_growth(report: Callable[[str], None], sizes: Sequence[int] = SIZES) -> list[GrowthPoint]:
    """A point for each size, measured once."""
    points = []
    for num_documents in sizes:
        points.append(measure(num_documents))
        point = points[-1]
        report(
            f"{num_documents:,} documents: {point.wall_seconds:,.0f} s, {point.peak_bytes / 1e6:,.0f} MB, "
            f"recall {point.recall:.4f}, precision {point.precision:.4f}"
        )
    return points


def measure(num_documents: int) -> GrowthPoint:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        documents = write_corpus(store, num_documents)
        command = [sys.executable, "-m", "benchmarks.dedup_growth.dedup", folder]
        with (Path(folder) / "log").open("w") as log:
            taken = run_watched(subprocess.Popen(command, cwd=ROOT, env=environment(folder), stdout=log))
        recall, precision = judge(store, num_documents)
        num_bytes = sum(artifact.record.facts["num_bytes"] for artifact in documents)
        return GrowthPoint(num_documents, num_bytes, *taken, recall, precision)


def judge(store: Store, num_documents: int) -> tuple[float, float]:
    """Recall and precision of the removals, by the pairs that were planted."""
    removals = pq.read_table(store.require(DEDUP).folder / REMOVALS, columns=["locator"])
    copies = copies_of(removals["locator"].cast("int64").to_numpy(), num_documents)
    removed = np.bincount(copies[copies >= 0], minlength=num_documents)
    return float((removed > 0).sum() / num_duplicates(num_documents)), float((removed == 1).sum() / len(copies))


def growth_table(points: Sequence[GrowthPoint]) -> Iterator[str]:
    """A row for each size, and whether the largest kept to the limit."""
    rows = [["documents", "MB of text", "seconds", "CPU seconds", "MB/s", "peak MB", "recall", "precision"]]
    for point in points:
        rows.append(
            [
                f"{point.num_documents:,}",
                f"{point.num_bytes / 1e6:,.0f}",
                f"{point.wall_seconds:,.0f}",
                f"{point.cpu_seconds:,.0f}",
                f"{point.num_bytes / 1e6 / point.wall_seconds:,.1f}",
                f"{point.peak_bytes / 1e6:,.0f}",
                f"{point.recall:.4f}",
                f"{point.precision:.4f}",
            ]
        )
    yield from aligned(rows)
    verdict = "reached" if points[-1].peak_bytes < MEMORY_LIMIT else "missed"
    yield f"target {MEMORY_LIMIT / 1e6:,.0f} MB at {points[-1].num_documents:,} documents: {verdict}"
