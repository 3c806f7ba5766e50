"""The frames of documents: a row for each file, as it was counted while it was written, and one for all of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from pipelines.documents import ATTRIBUTES, DOCUMENTS, REJECTED
from pipelines.licences import canonical_licence
from pipelines.process.statistics import STATISTICS, DocumentStatistics
from pipelines.store import Draft
from quality.validation.frames.counts import NUM_EXAMPLES, flow_counts, num_true, one_row, total


def document_files(draft: Draft) -> pa.Table:
    """A row for each file: what its writer counted, how many documents lie there, and sets that are not as declared."""
    counted = {row["file"]: row for path in files(draft, STATISTICS) for row in pq.read_table(path).to_pylist()}
    on_disk = {path.name: pq.read_metadata(path).num_rows for path in files(draft, DOCUMENTS)}
    languages = declared_languages(draft.parameters)
    rows = []
    for name in sorted(counted.keys() | on_disk.keys()):
        row = counted.get(name) or DocumentStatistics(name).row()
        undeclared = [language for language in filled(row["languages"]) if languages and language not in languages]
        unknown = [licence for licence in filled(row["licences"]) if not is_known(licence)]
        rows.append(
            row
            | {
                "num_documents_on_disk": on_disk.get(name, 0),
                "num_undeclared_languages": len(undeclared),
                "undeclared_languages": undeclared[:NUM_EXAMPLES],
                "num_unknown_licences": len(unknown),
                "unknown_licences": unknown[:NUM_EXAMPLES],
            }
        )
    return pa.Table.from_pylist(rows)


def document_statistics(draft: Draft) -> pa.Table:
    """One row: what all files hold together, without a look at any text, and the flows."""
    duplicates = duplicate_locators(draft)
    return one_row(
        {
            "num_documents": sum(pq.read_metadata(path).num_rows for path in files(draft, DOCUMENTS)),
            "num_bytes": sum(total(column) for column in columns(draft, DOCUMENTS, "num_bytes")),
            "num_rejected": sum(pq.read_metadata(path).num_rows for path in files(draft, REJECTED)),
            "num_attributes_kept": sum(num_true(column) for column in columns(draft, ATTRIBUTES, "kept")),
            "num_duplicate_locators": sum(count - 1 for count in duplicates.values()),
            "duplicate_locators": sorted(duplicates)[:NUM_EXAMPLES],
            **flow_counts(draft),
        }
    )


def files(draft: Draft, pattern: str) -> list[Path]:
    return sorted(draft.folder.glob(pattern))


def columns(draft: Draft, pattern: str, column: str) -> Iterator[pa.ChunkedArray]:
    """One column of each file."""
    return (pq.read_table(path, columns=[column])[column] for path in files(draft, pattern))


def filled(values: Sequence[str]) -> list[str]:
    return [value for value in values if value.strip()]


def declared_languages(parameters: Mapping[str, Any]) -> list[str]:
    """The natural languages that documents may have; none where any may, or where they are source code."""
    reader = parameters["reader"]
    if reader["format"] == "source_code" or "path" in reader.get("columns", {}):
        return []
    languages: list[str] = parameters["domain"]["languages"]
    return languages


def is_known(licence: str) -> bool:
    """Whether SPDX knows a licence, or it names itself as one of somebody's own."""
    try:
        canonical_licence(licence)
    except ValueError:
        return False
    return True


def duplicate_locators(draft: Draft) -> Counter[str]:
    """The locators that several documents have, with their numbers; memory holds eight bytes of each other one."""
    hashes = [hashed(column) for column in columns(draft, DOCUMENTS, "locator")]
    values, counts = np.unique(np.concatenate([np.empty(0, np.uint64), *hashes]), return_counts=True)
    suspects = values[counts > 1]
    if not len(suspects):
        return Counter()
    found: Counter[str] = Counter()
    for column, of_column in zip(columns(draft, DOCUMENTS, "locator"), hashes, strict=True):
        found.update(column.filter(pa.array(np.isin(of_column, suspects))).to_pylist())
    return Counter({locator: count for locator, count in found.items() if count > 1})


def hashed(column: pa.ChunkedArray) -> np.ndarray:
    """A uint64 for each string."""
    return np.array([xxhash.xxh3_64_intdigest(value.encode()) for value in column.to_pylist()], np.uint64)
