"""Rows of Parquet files: a few that are drawn uniformly, or those that have a value."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Row = dict[str, Any]


@dataclass(frozen=True)
class DrawnRows:
    """Rows in the order in which they were drawn, of how many."""

    rows: Sequence[Row]
    num_candidates: int


def draw_rows(candidates: Iterable[pa.Table], num_rows: int, seed: int) -> DrawnRows:
    """Draw rows uniformly and none twice, in one pass: those with the smallest of the random keys that each row gets.

    A key depends on the seed and on how many rows come before, not on how these are cut into batches.
    """
    generator = np.random.default_rng(seed)
    num_candidates = 0
    drawn: list[tuple[float, Row]] = []
    for batch in candidates:
        keys = generator.random(len(batch))
        num_candidates += len(batch)
        smallest = np.argsort(keys)[:num_rows]
        of_batch = zip(keys[smallest].tolist(), batch.take(pa.array(smallest)).to_pylist(), strict=True)
        drawn = sorted([*drawn, *of_batch], key=itemgetter(0))[:num_rows]
    return DrawnRows([row for _, row in drawn], num_candidates)


def batches(paths: Iterable[Path], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of Parquet files, a batch of rows at a time; a file without rows gives an empty table."""
    for path in paths:
        file = pq.ParquetFile(path)
        if not file.metadata.num_rows:
            yield file.schema_arrow.empty_table().select(list(columns))
        for batch in file.iter_batches(columns=list(columns)):
            yield pa.Table.from_batches([batch]).select(list(columns))


class Candidates:
    """The rows that fulfil a condition, batch by batch; ``num_rows`` counts all that have gone by so far."""

    def __init__(self, rows: Iterable[pa.Table], condition: pc.Expression) -> None:
        self.num_rows = 0
        self._rows = rows
        self._condition = condition

    def __iter__(self) -> Iterator[pa.Table]:
        for batch in self._rows:
            self.num_rows += len(batch)
            yield batch.filter(self._condition)


def rows_with(
    paths: Iterable[Path], column: str, values: Collection[str], columns: Sequence[str] | None = None
) -> list[Row]:
    """The rows whose ``column`` has one of some values; other columns are read of the row groups with such rows.

    Args:
        columns: those that a row has; all of the file where None.
    """
    wanted = pa.array(sorted(values), pa.string())
    found: list[Row] = []
    for path in paths:
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            keys = file.read_row_group(group, columns=[column])[column]
            places = np.flatnonzero(pc.is_in(keys, wanted).to_numpy())
            if len(places):
                found += file.read_row_group(group, columns).take(pa.array(places)).to_pylist()
    return found
