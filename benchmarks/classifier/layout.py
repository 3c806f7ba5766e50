"""Where the input lies."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

NUM_PARTS = 6


def classifier_folder(path: Path) -> Path:
    return path / "classifier"


def first_model(path: Path) -> Path:
    """The model that peers use: one that the documents of a fold are scored by."""
    return classifier_folder(path) / "model-0.bin"


def documents_file(path: Path, part: int) -> Path:
    """The documents of a part: id, text, words (the normalised text), label."""
    return path / f"documents-{part:05d}.parquet"


def read_column(path: Path, num_parts: int, name: str) -> pa.Array:
    """A column of the first parts."""
    files = [documents_file(path, part) for part in range(num_parts)]
    table = pa.concat_tables([pq.read_table(file, columns=[name], use_threads=False) for file in files])
    return table[name].combine_chunks()
