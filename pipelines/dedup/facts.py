"""What dedup did, in numbers and examples for its record."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.corpus import HELD_OUT
from pipelines.dedup.arrow_files import mapped_batch
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.dedup.ids import format_ids
from pipelines.dedup.numbering import Numbering
from pipelines.dedup.tables import reasons
from pipelines.record import Flow

NUM_CLUSTERS = 10
EXCERPT_CHARACTERS = 120
TRAINED, HELD = "num_train", "num_held_out"


class Counts:
    """Documents and bytes by source and by what became of them, added up file by file."""

    def __init__(self, survivors: Sequence[Path], removals: Sequence[Path]) -> None:
        self._documents: Counter[tuple[str, str]] = Counter()
        self._bytes: Counter[tuple[str, str]] = Counter()
        for path in survivors:
            table = pq.read_table(path, columns=["source", "split", "num_bytes"])
            fate = np.where(table["split"].to_numpy() == HELD_OUT, HELD, TRAINED)
            self._add(table, pa.array(fate, pa.string()))
        for path in removals:
            table = pq.read_table(path, columns=["source", "step", "survivor_split", "num_bytes"])
            self._add(table, reasons(table))

    def _add(self, table: pa.Table, fate: pa.Array | pa.ChunkedArray) -> None:
        grouped = table.select(["source", "num_bytes"]).append_column("fate", fate).group_by(["source", "fate"])
        for row in grouped.aggregate([("num_bytes", "sum"), ("num_bytes", "count")]).to_pylist():
            self._documents[row["source"], row["fate"]] += row["num_bytes_count"]
            self._bytes[row["source"], row["fate"]] += row["num_bytes_sum"]

    def flows(self) -> dict[str, Flow]:
        """Where the documents and their bytes went."""
        return {"documents": flow(self._documents), "bytes": flow(self._bytes)}

    def by_source(self) -> dict[str, dict[str, int]]:
        """Of each source: the documents that came in, survived (held out or not), and were removed for each reason."""
        rows: dict[str, dict[str, int]] = {}
        for (source, fate), count in sorted(self._documents.items()):
            row = rows.setdefault(source, {"num_in": 0})
            row["num_in"] += count
            row[fate] = count
        return rows


def flow(counts: Counter[tuple[str, str]]) -> Flow:
    by_fate: Counter[str] = Counter()
    for (_, fate), count in sorted(counts.items()):
        by_fate[fate] += count
    num_kept = by_fate.pop(TRAINED, 0) + by_fate.pop(HELD, 0)
    return Flow(num_in=num_kept + by_fate.total(), num_kept=num_kept, dropped=dict(sorted(by_fate.items())))


def losses_within_rules(
    corpus: CorpusFiles, numbering: Numbering, survivor: NDArray[np.int32]
) -> dict[str, dict[str, int]]:
    """Of each source: the documents that came in and were removed, without those that break a rule."""
    rows: dict[str, dict[str, int]] = {}
    for place, file in enumerate(corpus.files):
        row = rows.setdefault(corpus.origins[file.artifact].source, {"num_in": 0, "num_removed": 0})
        is_within = is_within_rules(corpus, place)
        row["num_in"] += int(is_within.sum())
        row["num_removed"] += int((is_within & is_removed(numbering, survivor, place)).sum())
    return rows


def is_within_rules(corpus: CorpusFiles, place: int) -> NDArray[np.bool_]:
    """Whether each record of a file breaks no rule."""
    return mapped_batch(corpus.files[place].records)["broken_rule"].is_null().to_numpy(zero_copy_only=False)


def is_removed(numbering: Numbering, survivor: NDArray[np.int32], place: int) -> NDArray[np.bool_]:
    """Whether each record of a file is removed: for another document, or for a preferred record of its own."""
    documents = numbering.documents_of(place)
    return (survivor[documents] != documents) | ~numbering.is_first(place, np.arange(len(documents)))


def largest_clusters(
    corpus: CorpusFiles, numbering: Numbering, survivor: NDArray[np.int32], source: str | None = None
) -> list[dict[str, Any]]:
    """The survivors that displaced the most records, with how their texts begin.

    Args:
        source: whose records within the rules are counted alone; where it is None, all records are.
    """
    num_removed = np.zeros(numbering.num_documents, np.int32)
    for place, file in enumerate(corpus.files):
        is_counted = is_removed(numbering, survivor, place)
        if source is not None:
            is_counted &= is_within_rules(corpus, place) & (corpus.origins[file.artifact].source == source)
        np.add.at(num_removed, survivor[numbering.documents_of(place)[is_counted]], 1)
    found = np.flatnonzero(num_removed)
    largest = found[np.lexsort((found, -num_removed[found]))][:NUM_CLUSTERS]
    files = numbering.file_of(numbering.first[largest])
    return [
        {
            "survivor_id": format_ids(numbering.ids[document : document + 1])[0].as_py(),
            "survivor_source": corpus.origins[corpus.files[place].artifact].source,
            "num_removed": int(num_removed[document]),
            "excerpt": excerpt(corpus, numbering, place, document),
        }
        for document, place in zip(largest.tolist(), files.tolist(), strict=True)
    ]


def excerpt(corpus: CorpusFiles, numbering: Numbering, place: int, document: int) -> str:
    """How the text of a document begins, whose first record stands in a file."""
    file = corpus.files[place]
    record = numbering.first[document] - numbering.starts[place]
    row = mapped_batch(file.records)["row"].to_numpy()[[record]]
    (batch,) = file.piece.read_rows(["text"], row)
    return batch["text"][0].as_py()[:EXCERPT_CHARACTERS]


def num_texts_read(corpus: CorpusFiles, of_files: NDArray[np.int64]) -> dict[str, int]:
    """How many texts of each artifact had to be compared."""
    counts: Counter[str] = Counter()
    for file, count in zip(corpus.files, of_files.tolist(), strict=True):
        counts[corpus.origins[file.artifact].asset] += count
    return dict(sorted(counts.items()))
