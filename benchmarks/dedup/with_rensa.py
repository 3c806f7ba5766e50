"""rensa: shingles in Python, MinHash, LSH and verification by estimated similarity in Rust."""

import re
from pathlib import Path

from rensa import RMinHashDeduplicator

from benchmarks.dedup.texts import read_texts

WORD = re.compile(r"\w+")


def prepare(path: Path, num_parts: int) -> list[str]:
    return read_texts(path, num_parts).to_pylist()


def run(texts: list[str]) -> list[int]:
    deduplicator = RMinHashDeduplicator(threshold=0.7, num_perm=120, use_lsh=True, num_bands=24)
    entries = ((str(row), shingles(text)) for row, text in enumerate(texts))
    return [row for row, kept in enumerate(deduplicator.add_pairs(entries)) if not kept]


def shingles(text: str) -> list[str]:
    words = WORD.findall(text.lower())
    return list(map(" ".join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)))
