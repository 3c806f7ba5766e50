"""The benchmark `extraction`: the main text of pages, held against the text that people know to be theirs."""

from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.extraction.pages import NUM_PARTS, read_column, token_scores, write_pages
from benchmarks.harness import Benchmark, Contender, Target
from benchmarks.limits import memory_copy_megabytes_per_second

CLOSE = 0.02  # of token F1, by which two extractions may differ and be called as good


class ExtractionBenchmark(Benchmark):
    """Megabytes of HTML a second, from bytes to main text."""

    name = "extraction"
    unit = "MB/s"
    targets = (Target(20),)
    ours = Contender("phaseline", "benchmarks.extraction.ours", NUM_PARTS)
    peers = (
        Contender("resiliparse", "benchmarks.extraction.with_resiliparse", NUM_PARTS),
        Contender("trafilatura", "benchmarks.extraction.with_trafilatura_defaults", NUM_PARTS),
        Contender("trafilatura, as datatrove calls it", "benchmarks.extraction.with_trafilatura", NUM_PARTS),
    )

    def write_input(self, path: Path) -> str:
        write_pages(path)
        return f"{len(read_column(path, NUM_PARTS, 'name'))} pages of known text, {self.amount(path, NUM_PARTS):.1f} MB"

    def amount(self, path: Path, num_parts: int) -> float:
        return sum(map(len, read_column(path, num_parts, "page"))) / 1e6

    def judge(self, path: Path, num_parts: int, output: Any) -> dict[str, float | None]:
        """Token F1, precision and recall, the means over pages."""
        known = read_column(path, num_parts, "text")
        scores = [token_scores(text, expected) for text, expected in zip(output, known, strict=True)]
        columns = zip(*scores, strict=True)
        return {name: mean(column) for name, column in zip(("F1", "precision", "recall"), columns, strict=True)}

    def agree(self, path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        """Ours is as good as what it is held against, or better."""
        theirs, mine = (self.judge(path, num_parts, texts)["F1"] for texts in (output, ours))
        return mine is not None and theirs is not None and mine >= theirs - CLOSE

    def limits(self, _path: Path) -> dict[str, float]:
        return {"copying memory": memory_copy_megabytes_per_second()}
