"""The benchmark's input as Arrow, for every contender."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read_texts(path: Path, num_parts: int) -> pa.LargeStringArray:
    """The texts of the first parts, one array."""
    table = pq.ParquetFile(path).read_row_groups(range(num_parts), columns=["text"], use_threads=False)
    return pa.concat_arrays(table["text"].chunks)
