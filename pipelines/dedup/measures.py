"""The measure by which the better of two documents is known, for every record."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.dedup.arrow_files import mapped_batch
from pipelines.dedup.parameters import Preference
from pipelines.dedup.record_files import RecordFile
from pipelines.errors import PhaselineError

NUM_BYTES = "num_bytes"


def read_measures(files: Sequence[RecordFile], prefer: Preference) -> NDArray[np.float64]:
    """The measure of every record, float64 [num_records], signed so that the least is preferred; infinite without one.

    Raises:
        PhaselineError: no documents have been measured so.
    """
    if prefer.measure == NUM_BYTES:
        parts = [mapped_batch(file.records)[NUM_BYTES].to_numpy().astype(np.float64) for file in files]
    else:
        parts = list(attribute(files, prefer.measure))
    values = np.concatenate([np.empty(0), *parts])
    if len(values) and np.isnan(values).all():
        raise PhaselineError(
            f"no document has the measure {prefer.measure}, by which duplicates are to be preferred",
            "name num_bytes or a rule of the documents' filters under dedup.prefer.measure in assets/corpus.yaml",
        )
    return np.where(np.isnan(values), np.inf, -values if prefer.order == "descending" else values)


def attribute(files: Sequence[RecordFile], name: str) -> Iterator[NDArray[np.float64]]:
    """An attribute of the records of each file, NaN where it was not measured."""
    path: Path | None = None
    for file in files:
        if file.piece.path != path:
            path, start = file.piece.path, 0
            of_documents = kept_values(path, name)
        rows = mapped_batch(file.records)["row"].to_numpy()
        yield of_documents[start + rows]
        start += len(rows)


def kept_values(documents: Path, name: str) -> NDArray[np.float64]:
    """An attribute of the documents of one file, in its order: the kept ones of the file of attributes beside it."""
    path = documents.with_name(documents.name.replace("documents-", "attributes-", 1))
    if name not in pq.read_schema(path).names:
        return np.full(pq.read_metadata(documents).num_rows, np.nan)
    table = pq.read_table(path, columns=["kept", name])
    kept = table.filter(pc.field("kept"))[name].cast(pa.float64())
    return kept.to_numpy().astype(np.float64)  # null becomes NaN
