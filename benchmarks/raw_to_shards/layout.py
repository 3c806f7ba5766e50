"""Where the input lies, for contenders of either environment.

It is a store that holds the tokenizer, so the tokenizer's file is where ``benchmarks.shards.layout`` says.
"""

from pathlib import Path


def crawl_folder(path: Path) -> Path:
    """The folder of the WARC files, laid out as ``benchmarks.documents.archives`` says."""
    return path / "crawl"
