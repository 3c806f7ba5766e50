"""The benchmark `dedup`: MinHash over one corpus, ours with every pair verified, and four peers."""

from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.dedup.corpus import NUM_PARTS, write_corpus
from benchmarks.harness import Benchmark, Contender, Target
from benchmarks.limits import memory_copy_megabytes_per_second, parquet_megabytes_per_second

DUPLICATE = 0.7  # pairs at least as similar are to be found
DIFFERENT = 0.5  # pairs less similar are to be left alone; between the two either is right
AGREEMENT = 0.95  # of the planted pairs outside that range


class DedupBenchmark(Benchmark):
    """Megabytes of UTF-8 text a second, from texts in memory to the positions of the documents to remove."""

    name = "dedup"
    unit = "MB/s"
    targets = (Target(30, "datatrove"), Target(3, "fastsketchlsh, polars"), Target(3, "gaoya"), Target(3, "rensa"))
    ours = Contender("phaseline", "benchmarks.dedup.ours", NUM_PARTS)
    peers = (
        Contender("fastsketchlsh, polars", "benchmarks.dedup.with_fastsketch", NUM_PARTS),
        Contender("gaoya", "benchmarks.dedup.with_gaoya", NUM_PARTS),
        Contender("rensa", "benchmarks.dedup.with_rensa", NUM_PARTS),
        Contender("datatrove", "benchmarks.dedup.with_datatrove", 2),
    )

    def write_input(self, path: Path) -> str:
        write_corpus(path)
        return f"{len(planted(path, NUM_PARTS)):,} documents, {self.amount(path, NUM_PARTS):.1f} MB"

    def amount(self, path: Path, num_parts: int) -> float:
        return pc.sum(pc.binary_length(planted(path, num_parts)["text"])).as_py() / 1e6

    def judge(self, path: Path, num_parts: int, output: Any) -> dict[str, float | None]:
        """Recall: duplicate pairs of which one is removed. Precision: removed documents that are no false positives."""
        removed = set(output)
        wrong = found = num_duplicates = 0
        for similarity, members in pairs(planted(path, num_parts)).values():
            hit = not removed.isdisjoint(members)
            if similarity >= DUPLICATE:
                num_duplicates += 1
                found += hit
            elif similarity < DIFFERENT and hit:
                wrong += len(removed.intersection(members))
        in_pairs = {row for _, members in pairs(planted(path, num_parts)).values() for row in members}
        wrong += len(removed - in_pairs)
        return {"recall": found / num_duplicates, "precision": 1 - wrong / max(len(removed), 1)}

    def agree(self, path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        clear = [
            members
            for similarity, members in pairs(planted(path, num_parts)).values()
            if not DIFFERENT <= similarity < DUPLICATE
        ]
        theirs, mine = set(output), set(ours)
        alike = sum(theirs.isdisjoint(members) == mine.isdisjoint(members) for members in clear)
        return alike >= AGREEMENT * len(clear)

    def limits(self, path: Path) -> dict[str, float]:
        return {
            "copying memory": memory_copy_megabytes_per_second(),
            "decoding Parquet": parquet_megabytes_per_second(path, "text"),
        }


@cache
def planted(path: Path, num_parts: int) -> pa.Table:
    """The first parts of the corpus."""
    return pq.ParquetFile(path).read_row_groups(range(num_parts))


def pairs(table: pa.Table) -> dict[int, tuple[float, list[int]]]:
    """The similarity of each planted pair and the rows of its members."""
    found: dict[int, tuple[float, list[int]]] = {}
    columns = zip(table["pair"].to_pylist(), table["similarity"].to_pylist(), strict=True)
    for row, (pair, similarity) in enumerate(columns):
        if pair >= 0:
            found.setdefault(pair, (similarity, []))[1].append(row)
    return found
