"""FastSketchLSH: words hashed by polars, shingles by numpy, sketches and LSH in C++.

It verifies nothing, so its bands are as strict as datatrove's: 16 of 8 rows.
"""

from pathlib import Path

import numpy as np
import polars as pl
from FastSketchLSH import LSH, FastSimilaritySketch

from benchmarks.dedup.texts import read_texts

SHINGLE_WORDS = 5
PRIME = np.uint64(0x9E3779B97F4A7C15)


def prepare(path: Path, num_parts: int) -> pl.Series:
    return pl.Series("text", read_texts(path, num_parts))


def run(texts: pl.Series) -> list[int]:
    words = texts.str.to_lowercase().str.extract_all(r"\w+")
    lengths = words.list.len().to_numpy().astype(np.int64)
    hashes = words.explode().hash().to_numpy()
    count = len(hashes) - SHINGLE_WORDS + 1
    shingles = np.zeros(count, np.uint64)
    for i in range(SHINGLE_WORDS):
        shingles = shingles * PRIME + hashes[i : i + count]
    ends = np.cumsum(lengths)
    inside = np.ones(count, np.bool_)  # shingles that do not cross into the next document
    for i in range(1, SHINGLE_WORDS):
        inside[ends[:-1] - i] = False
    starts = np.concatenate(([0], np.cumsum(lengths - SHINGLE_WORDS + 1))).astype(np.uint64)
    sketches = FastSimilaritySketch(128).batch_csr(shingles[inside], starts, prehashed=True, num_threads=1)
    return np.flatnonzero(LSH(128, 16, num_threads=1).insert_and_query_duplicates(sketches)).tolist()
