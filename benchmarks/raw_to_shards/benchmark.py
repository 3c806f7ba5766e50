"""The benchmark `raw_to_shards`: every step of the web, from a crawl's archives to shards.

Both sides read the archives, extract main text, tell the language, filter by the rules of Gopher and C4 with the
papers' bounds, remove near duplicates, encode with the same vocabulary, put the documents in random order, write and
index. What they write differs, as extraction does; C4's rule on lines without punctuation drops documents here and cuts
lines there; stop words are asked for in each language here and in none there; near duplicates are compared exactly here
and share a band there. So outputs are scored: how many pages came through, and with how many tokens.

Slow or not, all have the whole input: its parts differ in what a megabyte costs, and not by the same for all.
"""

from pathlib import Path
from typing import Any

from benchmarks.documents.archives import NUM_PARTS, addresses, page_bytes
from benchmarks.documents.benchmark import DocumentsBenchmark
from benchmarks.harness import Benchmark, Contender, Target
from benchmarks.raw_to_shards.corpus import write_corpus
from benchmarks.raw_to_shards.layout import crawl_folder

SAME_FATE = 0.75  # of the pages, which both have in their shards or both have not
SAME_TOKENS = 0.3  # by which the tokens of the pages that both have may differ


class RawToShardsBenchmark(Benchmark):
    """Megabytes of decompressed WARC a second, from files to shards."""

    name = "raw_to_shards"
    unit = "MB/s"
    targets = (Target(8, "datatrove, as it comes"),)
    ours = Contender("phaseline", "benchmarks.raw_to_shards.ours", NUM_PARTS)
    peers = (
        Contender("datatrove, as it comes", "benchmarks.raw_to_shards.with_datatrove", NUM_PARTS),
        Contender("datatrove, resiliparse and patterns", "benchmarks.raw_to_shards.with_datatrove_fast", NUM_PARTS),
    )

    def write_input(self, path: Path) -> str:
        write_corpus(path)
        num_pages = len(addresses(crawl_folder(path), NUM_PARTS))
        return f"{num_pages:,} pages in {NUM_PARTS} WARC files, {self.amount(path, NUM_PARTS):.1f} MB"

    def amount(self, path: Path, num_parts: int) -> float:
        return page_bytes(crawl_folder(path), num_parts) / 1e6

    def judge(self, path: Path, num_parts: int, output: Any) -> dict[str, float | None]:
        """The share of pages that are in the shards, and the mean of their tokens."""
        num_pages = len(addresses(crawl_folder(path), num_parts))
        num_tokens = sum(length for _, length in output)
        return {"kept": len(output) / num_pages, "tokens/kept": num_tokens / len(output)}

    def agree(self, path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        """Most pages have the same fate, and those that both kept about as many tokens."""
        pages = set(addresses(crawl_folder(path), num_parts))
        theirs, mine = dict(output), {url: length for url, length in ours if url in pages}
        both = theirs.keys() & mine.keys()
        num_theirs, num_mine = (sum(lengths[url] for url in both) for lengths in (theirs, mine))
        return (
            len(theirs.keys() ^ mine.keys()) <= (1 - SAME_FATE) * len(pages)
            and abs(num_theirs - num_mine) <= SAME_TOKENS * num_mine
        )

    def limits(self, path: Path) -> dict[str, float]:
        return DocumentsBenchmark().limits(crawl_folder(path))
