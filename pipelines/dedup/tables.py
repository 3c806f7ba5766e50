"""What dedup writes: the survivors, and every removed record with the survivor that it duplicates.

Each is a folder of Parquet files, in order of id, that reads as one table.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.dedup.arrow_files import mapped_batch, whole
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.dedup.ids import format_ids
from pipelines.dedup.numbering import Numbering
from pipelines.dedup.signatures import RECORDS
from pipelines.engines import task_progress
from pipelines.held_out import HeldOut
from pipelines.whole_files import beside

EXACT, NEAR, LINES = "exact", "near", "lines"
STEPS = np.array([EXACT, NEAR, LINES], object)  # by the numbers of pipelines.dedup.survivors
DOCUMENTS_PER_FILE = 1 << 19
IDS_AT_ONCE = 1 << 16

PLACE = pa.struct([pa.field(name, pa.string(), False) for name in ("source", "snapshot", "locator")])

SURVIVORS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("snapshot", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("split", pa.string(), nullable=False),  # train or held_out
        pa.field("broken_rule", pa.string()),  # as in the documents; null where any of its exact duplicates breaks none
        pa.field("places", pa.list_(PLACE), nullable=False),  # of all its exact duplicates; the survivor's own first
    ]
)

REMOVALS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("snapshot", pa.string(), nullable=False),
        pa.field("locator", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("step", pa.string(), nullable=False),  # exact: the survivor has the same id; near and lines: another
        pa.field("survivor_id", pa.string(), nullable=False),
        pa.field("survivor_source", pa.string(), nullable=False),
        pa.field("survivor_snapshot", pa.string(), nullable=False),
        # Near: Jaccard, of these two texts' shingles. Lines: the share of characters in lines of survivors before it.
        pa.field("similarity", pa.float32(), nullable=False),
        pa.field("survivor_split", pa.string(), nullable=False),
    ]
)


ORDERED = pa.schema(
    [
        pa.field("document", pa.int32()),
        pa.field("artifact", pa.int32()),
        *(RECORDS.field(name) for name in ("num_bytes", "locator", "licence", "language", "broken_rule")),
    ]
)


def num_files(num_documents: int) -> int:
    """Over how many files the tables are spread: a matter of the data alone."""
    return max(1, -(-num_documents // DOCUMENTS_PER_FILE))


class WriteTables(PipelineStep):
    """Writes the survivors and removals among a task's stretch of the documents."""

    type = "DEDUP"
    name = "write tables"

    def __init__(self, corpus: CorpusFiles, held_out: HeldOut, survivors: Path, removals: Path) -> None:
        super().__init__()
        self.corpus = corpus
        self.held_out = held_out
        self.survivors = survivors
        self.removals = removals

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        numbering = self.corpus.numbering()
        records = ordered_records(self.corpus, numbering, rank * DOCUMENTS_PER_FILE, (rank + 1) * DOCUMENTS_PER_FILE)
        document = records["document"].to_numpy()
        is_first = np.append(True, document[1:] != document[:-1])[: len(document)]
        survives = self.corpus.load("survivor")[document] == document
        is_survivor = is_first & survives
        name = f"part-{rank:05}.parquet"
        places = self.places(records.filter(survives), is_first[survives])
        kept = self.survivors_table(numbering, records.filter(is_survivor), places)
        removed = self.removals_table(numbering, records.filter(~is_survivor))
        for folder, table in ((self.survivors, kept), (self.removals, removed)):
            with beside(folder / name) as part:
                pq.write_table(table, part, compression="zstd")
        task_progress().add(num_documents=records.num_rows, num_bytes=records.nbytes)
        return data

    def survivors_table(self, numbering: Numbering, records: pa.Table, places: pa.Array) -> pa.Table:
        """The first records of surviving documents."""
        ids = format_ids(numbering.ids[records["document"].to_numpy()])
        artifacts = records["artifact"].to_numpy()
        columns = {name: records[name] for name in ("licence", "language", "num_bytes", "broken_rule")}
        columns |= {"id": ids, "split": self.splits(ids, artifacts), "places": places}
        columns |= {name: self.corpus.names(name, artifacts) for name in ("source", "snapshot", "domain")}
        return pa.table([columns[name] for name in SURVIVORS_SCHEMA.names], schema=SURVIVORS_SCHEMA)

    def places(self, records: pa.Table, is_first: NDArray[np.bool_]) -> pa.Array:
        """Where surviving documents stand, in lists: all their records, a document's first one marked."""
        artifacts = records["artifact"].to_numpy()
        names = [self.corpus.names(name, artifacts) for name in ("source", "snapshot")]
        structs = pa.StructArray.from_arrays([*names, whole(records["locator"])], fields=list(PLACE))
        offsets = np.append(np.flatnonzero(is_first), len(is_first)).astype(np.int32)
        return pa.ListArray.from_arrays(offsets, structs)

    def removals_table(self, numbering: Numbering, records: pa.Table) -> pa.Table:
        document = records["document"].to_numpy()
        survivor = self.corpus.load("survivor")[document]
        step = np.where(survivor == document, EXACT, STEPS[self.corpus.load("step")[document]])
        ids = format_ids(numbering.ids[survivor])
        artifacts = self.corpus.artifacts()[numbering.file_of(numbering.first[survivor])]
        columns = {name: records[name] for name in ("locator", "num_bytes")}
        columns |= {"id": format_ids(numbering.ids[document]), "step": pa.array(step, pa.string())}
        columns |= {name: self.corpus.names(name, records["artifact"].to_numpy()) for name in ("source", "snapshot")}
        columns |= {f"survivor_{name}": self.corpus.names(name, artifacts) for name in ("source", "snapshot")}
        columns |= {"survivor_id": ids, "survivor_split": self.splits(ids, artifacts)}
        columns["similarity"] = pa.array(self.corpus.load("similarity")[document])
        return pa.table([columns[name] for name in REMOVALS_SCHEMA.names], schema=REMOVALS_SCHEMA)

    def splits(self, ids: pa.StringArray, artifacts: NDArray[np.int32]) -> pa.StringArray:
        """The split of documents, decided by their ids and domains alone."""
        is_held_out = np.zeros(len(ids), np.bool_)
        domain = self.corpus.names("domain", artifacts).dictionary_encode()
        for number, name in enumerate(domain.dictionary.to_pylist()):
            of_domain = np.flatnonzero(domain.indices.to_numpy() == number)
            for start in range(0, len(of_domain), IDS_AT_ONCE):
                rows = of_domain[start : start + IDS_AT_ONCE]
                is_held_out[rows] = self.held_out.split(ids.take(pa.array(rows)).to_pylist(), name)
        return pc.if_else(pa.array(is_held_out), HELD_OUT, TRAIN)


def ordered_records(corpus: CorpusFiles, numbering: Numbering, first: int, end: int) -> pa.Table:
    """The records of the documents from ``first`` to ``end``: in order of document, the preferred first.

    The columns are those of ORDERED.
    """
    tables, order_columns = [ORDERED.empty_table()], []
    for place, file in enumerate(corpus.files):
        documents = numbering.documents_of(place)
        start, stop = np.searchsorted(documents, [first, end])
        batch = mapped_batch(file.records).slice(start, stop - start)
        of_file = {"document": documents[start:stop], "artifact": np.full(len(batch), file.artifact, np.int32)}
        columns = [pa.array(of_file[name]) if name in of_file else batch[name] for name in ORDERED.names]
        tables.append(pa.table(columns, schema=ORDERED))
        measures = numbering.measure[numbering.starts[place] + start : numbering.starts[place] + stop]
        order_columns.append((measures, file.ranks(batch)))
    table = pa.concat_tables(tables)
    measure, rank = (np.concatenate([np.empty(0), *column]) for column in zip(*order_columns, strict=True))
    order = np.lexsort((measure, rank, table["document"].to_numpy()))
    return order_ties(table.take(pa.array(order)))


def order_ties(records: pa.Table) -> pa.Table:
    """Records of one document from one artifact, those that break a rule apart from the others, by their locators."""
    is_broken = records["broken_rule"].is_valid().to_numpy()
    keys = np.stack([records["document"].to_numpy(), records["artifact"].to_numpy(), is_broken])
    is_tied = (keys[:, 1:] == keys[:, :-1]).all(axis=0)
    tied = np.flatnonzero(np.append(False, is_tied) | np.append(is_tied, False))
    if len(tied) == 0:
        return records
    stretch = np.cumsum(np.append(True, ~is_tied))[tied]
    by_locator = pc.rank(whole(records["locator"].take(pa.array(tied))), tiebreaker="first").to_numpy()
    order = np.arange(len(records))
    order[tied] = tied[np.lexsort((by_locator, stretch))]
    return records.take(pa.array(order))


def reasons(removals: pa.Table) -> pa.Array:
    """Why each record was removed, in the words of the artifact's flows."""
    near = pc.if_else(pc.equal(removals["survivor_split"], HELD_OUT), "near_duplicate_of_held_out", "near_duplicate")
    near_or_lines = pc.if_else(pc.equal(removals["step"], LINES), "repeated_lines", near)
    return pc.if_else(pc.equal(removals["step"], EXACT), "exact_duplicate", near_or_lines)
