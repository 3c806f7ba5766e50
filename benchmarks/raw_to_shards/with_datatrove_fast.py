"""datatrove's blocks with what is fastest in them: Resiliparse, and words and sentences by compiled patterns."""

from pathlib import Path

from benchmarks.documents import with_datatrove_fast as documents
from benchmarks.raw_to_shards.layout import crawl_folder
from benchmarks.raw_to_shards.with_datatrove import Prepared, blocks, describe, run

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Prepared:
    return blocks(path, documents.prepare(crawl_folder(path), num_parts), documents.PatternTokenizer())
