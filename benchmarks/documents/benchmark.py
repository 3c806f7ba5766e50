"""The benchmark `documents`: a crawl's archives parsed, extracted, told by language, filtered, and written."""

from pathlib import Path
from typing import Any

from benchmarks.documents.archives import NUM_PARTS, addresses, page_bytes, write_archives
from benchmarks.harness import Benchmark, Contender, Target
from benchmarks.limits import fastest, memory_copy_megabytes_per_second

AGREEMENT = 0.8  # of the pages, which both keep or both drop: extraction differs, and the same rules see other texts


class DocumentsBenchmark(Benchmark):
    """Megabytes of decompressed WARC a second, from files to documents on disk."""

    name = "documents"
    unit = "MB/s"
    targets = (Target(8, "datatrove, as it comes"), Target(2, "datatrove, resiliparse and patterns"))
    ours = Contender("phaseline", "benchmarks.documents.ours", NUM_PARTS)
    peers = (
        Contender("datatrove, as it comes", "benchmarks.documents.with_datatrove", NUM_PARTS),
        Contender("datatrove, resiliparse and patterns", "benchmarks.documents.with_datatrove_fast", NUM_PARTS),
    )

    def write_input(self, path: Path) -> str:
        write_archives(path)
        num_pages = len(addresses(path, NUM_PARTS))
        return f"{num_pages:,} pages in {NUM_PARTS} WARC files, {self.amount(path, NUM_PARTS):.1f} MB"

    def amount(self, path: Path, num_parts: int) -> float:
        return page_bytes(path, num_parts) / 1e6

    def judge(self, path: Path, num_parts: int, output: Any) -> dict[str, float | None]:
        """The share of pages that became documents."""
        return {"kept": len(output) / len(addresses(path, num_parts))}

    def agree(self, path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        """Most pages have the same fate: kept by both, or dropped by both."""
        pages = set(addresses(path, num_parts))
        theirs, mine = ({url for url, _ in kept} & pages for kept in (output, ours))
        return len(theirs ^ mine) <= (1 - AGREEMENT) * len(pages)

    def limits(self, path: Path) -> dict[str, float]:
        decompressing = fastest(lambda: page_bytes(path, NUM_PARTS))
        return {
            "copying memory": memory_copy_megabytes_per_second(),
            "decompressing": self.amount(path, NUM_PARTS) / decompressing,
        }
