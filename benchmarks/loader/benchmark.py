"""The benchmark `loader`: the same tokens read by ours and by the loaders that others train with.

One epoch of four sources, in batches of 64 sequences of 2,048 tokens as int64 arrays, in one process, from the page
cache. Where a library takes the token files as they lie it gets those; otherwise its own form of them is written once,
untimed, as is Megatron's index. What each of them hands over and leaves out stands in its module. Slow ones get the
first parts of the epoch.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Benchmark, Contender, Target
from benchmarks.limits import fastest, memory_copy_megabytes_per_second
from benchmarks.loader.corpus import (
    BATCH_SIZE,
    NUM_PARTS,
    SEQUENCE_LENGTH,
    TOKENS_PER_PART,
    WINDOWS,
    document_lengths,
    write_corpus,
)

ARRAYS = 3  # tokens, labels, positions
BYTES_PER_TOKEN = ARRAYS * 8
WRITING = "writing the same arrays"
NUM_BATCHES = 500  # that are written


class LoaderBenchmark(Benchmark):
    """Millions of tokens a second, from open files to batches."""

    name = "loader"
    unit = "M tokens/s"
    targets = (Target(3, "megatron"), Target(1, "datatrove, single windows"), Target(1 / 3, WRITING))
    ours = Contender("phaseline", "benchmarks.loader.ours", NUM_PARTS)
    peers = (
        Contender("megatron", "benchmarks.loader.with_megatron", NUM_PARTS // 2),
        Contender("megatron, positions in documents", "benchmarks.loader.with_megatron_documents", NUM_PARTS // 8),
        Contender("datatrove, single windows", "benchmarks.loader.with_datatrove", NUM_PARTS),
        Contender("datatrove, batches", "benchmarks.loader.with_datatrove_batches", NUM_PARTS),
        Contender("datatrove, positions in documents", "benchmarks.loader.with_datatrove_documents", NUM_PARTS // 4),
        Contender("datasets, map-style", "benchmarks.loader.with_datasets", NUM_PARTS),
        Contender("datasets, streamed", "benchmarks.loader.with_datasets_streamed", NUM_PARTS // 4),
        Contender("mosaicml streaming", "benchmarks.loader.with_streaming", NUM_PARTS // 8),
        Contender("torchtitan, tokenises", "benchmarks.loader.with_torchtitan", 2),
    )

    def write_input(self, path: Path) -> str:
        write_corpus(path)
        num_documents = sum(len(document_lengths(path, source)) for source in WINDOWS)
        return f"{self.amount(path, NUM_PARTS):.1f} M tokens in {num_documents:,} documents of {len(WINDOWS)} sources"

    def amount(self, _path: Path, num_parts: int) -> float:
        return num_parts * TOKENS_PER_PART / 1e6

    def judge(self, _path: Path, _num_parts: int, output: Any) -> dict[str, float | None]:
        """The shares of sequences that came for the first time, and of labels and positions that are right."""
        sequences = output["sequences"]
        distinct = len(set(sequences)) / len(sequences)
        return {"distinct": distinct, "labels": output["labels"], "positions": output["positions"]}

    def agree(self, path: Path, num_parts: int, output: Any, _ours: Any) -> bool:
        """All sequences that were asked for, each once, and labels that are right. Positions are not asked for: some
        peers count them in the sequence."""
        asked = num_parts * TOKENS_PER_PART // SEQUENCE_LENGTH
        scores = self.judge(path, num_parts, output)
        return len(output["sequences"]) == asked and scores["distinct"] == 1 and scores["labels"] in {1, None}

    def limits(self, _path: Path) -> dict[str, float]:
        return {
            "copying memory": memory_copy_megabytes_per_second() / BYTES_PER_TOKEN,
            WRITING: written_megabytes_per_second() / BYTES_PER_TOKEN,
        }


def written_megabytes_per_second() -> float:
    """Making and filling an array for each batch; as with a loader, the one before is held meanwhile."""
    shape = (ARRAYS, BATCH_SIZE, SEQUENCE_LENGTH)

    def write() -> None:
        for _ in range(NUM_BATCHES):
            held = np.full(shape, 7, np.int64)  # noqa: F841

    return NUM_BATCHES * math.prod(shape) * 8 / 1e6 / fastest(write)
