"""Columns on the way from one task to another: uncompressed Arrow files, mapped into memory instead of read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.whole_files import beside


def write_batches(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write batches to a file that appears whole."""
    with beside(path) as part, pa.OSFile(str(part), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def write_columns(path: Path, columns: dict[str, pa.Array]) -> None:
    """Write columns of equal length as one batch."""
    batch = pa.RecordBatch.from_pydict(columns)
    write_batches(path, batch.schema, [batch])


def mapped_batch(path: Path, number: int = 0) -> pa.RecordBatch:
    """One batch of a file, its columns left on disk until they are looked at."""
    return pa.ipc.open_file(pa.memory_map(str(path))).get_batch(number)


def write_by_task(path: Path, task: NDArray[np.integer], columns: dict[str, pa.Array]) -> None:
    """Write columns so that the rows of each task stand together; ``task`` [num_rows] names the task of each row."""
    order = np.argsort(task, kind="stable")
    sorted_columns = {name: column.take(pa.array(order)) for name, column in columns.items()}
    write_columns(path, {"task": pa.array(task[order].astype(np.int32)), **sorted_columns})


def rows_of_task(path: Path, task: int) -> pa.RecordBatch:
    """The rows of one task."""
    batch = mapped_batch(path)
    first, end = np.searchsorted(batch["task"].to_numpy(), [task, task + 1])
    return batch.slice(first, end - first)


def list_array(values: NDArray[Any], sizes: NDArray[np.integer]) -> pa.LargeListArray:
    """Lists of the given sizes, their values laid end to end."""
    offsets = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values))


def list_values(lists: pa.LargeListArray) -> NDArray[Any]:
    """The values of all lists, end to end."""
    return lists.flatten().to_numpy()


def list_sizes(lists: pa.LargeListArray) -> NDArray[np.int64]:
    """How many values each list has."""
    return pc.list_value_length(lists).to_numpy()


def whole(column: pa.ChunkedArray) -> pa.Array:
    """The one array of all chunks."""
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])
