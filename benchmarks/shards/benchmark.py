"""The benchmark `shards`: files of documents read, tokenised, put in random order, written and indexed."""

from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.harness import Benchmark, Contender, Target
from benchmarks.limits import fastest, memory_copy_megabytes_per_second
from benchmarks.shards.corpus import write_corpus
from benchmarks.shards.layout import NUM_PARTS, documents_folder
from pipelines.encoder import Encoder
from pipelines.store import Store
from pipelines.tokenizer import TOKENIZER_ASSET


class ShardsBenchmark(Benchmark):
    """Megabytes of UTF-8 text a second, from files of documents to shards."""

    name = "shards"
    unit = "MB/s"
    targets = (Target(20, "datatrove"),)
    ours = Contender("phaseline", "benchmarks.shards.ours", NUM_PARTS)
    peers = (Contender("datatrove", "benchmarks.shards.with_datatrove", 2),)

    def write_input(self, path: Path) -> str:
        write_corpus(path)
        return f"{len(read_texts(path, NUM_PARTS)):,} documents, {self.amount(path, NUM_PARTS):.1f} MB"

    def amount(self, path: Path, num_parts: int) -> float:
        num_bytes: int = pc.sum(pc.binary_length(read_texts(path, num_parts))).as_py()
        return num_bytes / 1e6

    def judge(self, _path: Path, _num_parts: int, _output: Any) -> dict[str, float | None]:
        return {}

    def agree(self, _path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        """The same tokens for every document."""
        return sorted(chain.from_iterable(output)) == sorted(chain.from_iterable(ours[:num_parts]))

    def limits(self, path: Path) -> dict[str, float]:
        texts = pa.concat_arrays(read_texts(path, NUM_PARTS).chunks)
        encoder = Encoder(Store(path).require(TOKENIZER_ASSET))
        decoding = fastest(lambda: read_texts(path, NUM_PARTS))
        return {
            "copying memory": memory_copy_megabytes_per_second(),
            "decoding Parquet": texts.nbytes / 1e6 / decoding,
            "encoding alone": texts.nbytes / 1e6 / fastest(lambda: encoder.encode(texts)),
        }


def read_texts(path: Path, num_parts: int) -> pa.ChunkedArray:
    """The texts of the first parts."""
    files = [file for part in range(num_parts) for file in sorted(documents_folder(path, part).glob("*.parquet"))]
    tables = [pq.read_table(file, columns=["text"], use_threads=False) for file in files]
    return pa.concat_tables(tables)["text"]
