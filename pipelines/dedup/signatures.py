"""Signatures: all that dedup has to know of documents but their texts, made once for each snapshot of a source.

Of each piece of the documents there are three files. Records are numbered within a piece in order of their ids::

    records-00000.arrow   RECORDS, sorted by id
    keys-00000.arrow      a batch for each band: KEYS, sorted by key
    lines-00000.arrow     LINES, sorted by hash; of no rows where repeated lines are not looked for
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.dedup.arrow_files import whole, write_batches, write_columns
from pipelines.dedup.ids import parse_ids
from pipelines.dedup.lines import HashedLines, hash_lines
from pipelines.dedup.minhash import band_keys
from pipelines.dedup.parameters import DedupParameters
from pipelines.documents import SCHEMA
from pipelines.engines import Engine, task_progress
from pipelines.pieces import Piece, pieces_of
from pipelines.store import Artifact, Draft, Outcome, Store

CODE_VERSION = "2"  # to be raised as well when documents are cut into other pieces

RECORDS = pa.schema(
    [
        pa.field("id_high", pa.uint64(), nullable=False),
        pa.field("id_low", pa.uint64(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),  # in the piece
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("num_characters", pa.int32(), nullable=False),  # 0 where repeated lines are not looked for
        pa.field("locator", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("broken_rule", pa.string()),
    ]
)
KEYS = pa.schema([pa.field("key", pa.uint64(), nullable=False), pa.field("record", pa.int32(), nullable=False)])
LINES = pa.schema(
    [
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("record", pa.int32(), nullable=False),
        pa.field("num_characters", pa.int32(), nullable=False),  # of all occurrences in the record together
    ]
)
METADATA = ["locator", "licence", "language", "broken_rule"]
COLUMNS = pa.schema([SCHEMA.field(name) for name in ("id", *METADATA, "num_bytes")])


def signature_parameters(parameters: DedupParameters) -> dict[str, int | None]:
    """What signatures depend on."""
    lines = parameters.repeated_lines
    return {
        "shingle_words": parameters.shingle_words,
        "bands": parameters.bands,
        "rows": parameters.rows,
        "min_characters": lines.min_characters if lines else None,
    }


def ensure_signatures(
    store: Store, documents: Artifact, parameters: DedupParameters, *, engine: Engine, report: Callable[[str], None]
) -> Outcome:
    """The signatures of one snapshot of a source, as ``signatures/<source>/<snapshot>``.

    Args:
        documents: the snapshot's documents.
        parameters: only some of them matter here: see ``signature_parameters``.
        engine: where the steps run.
        report: is told what is done, a sentence at a time.
    """

    def make(draft: Draft) -> None:
        pieces = pieces_of(documents)
        written = draft.work / "files"
        written.mkdir(parents=True, exist_ok=True)
        num_bytes = sum(piece.num_bytes for piece in pieces)
        engine.run(
            [SignDocuments(pieces, parameters, written)],
            len(pieces),
            draft.work / "tasks",
            num_bytes=num_bytes,
            report=report,
        )
        draft.add(sorted(written.iterdir()))
        draft.facts = {"num_pieces": len(pieces), "num_text_bytes": num_bytes}
        report(f"signed {num_bytes / 1e6:,.1f} MB of text")

    return store.ensure(
        documents.asset.replace("documents/", "signatures/", 1),
        make,
        code_version=CODE_VERSION,
        parameters=signature_parameters(parameters),
        parents=[documents],
    )


def records_file(folder: Path, piece: int) -> Path:
    return folder / f"records-{piece:05}.arrow"


def keys_file(folder: Path, piece: int) -> Path:
    return folder / f"keys-{piece:05}.arrow"


def lines_file(folder: Path, piece: int) -> Path:
    return folder / f"lines-{piece:05}.arrow"


class SignDocuments(PipelineStep):
    """Writes the signatures of a task's piece of documents."""

    type = "DEDUP"
    name = "signatures"

    def __init__(self, pieces: Sequence[Piece], parameters: DedupParameters, folder: Path) -> None:
        super().__init__()
        self.pieces = pieces
        self.parameters = parameters
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        columns, keys, lines = self.read(self.pieces[rank])
        ids = parse_ids(whole(columns["id"]))
        order = np.lexsort((ids[:, 1], ids[:, 0]))
        taken = {name: whole(columns[name].take(pa.array(order))) for name in (*METADATA, "num_bytes")}
        taken |= {"id_high": pa.array(ids[order, 0]), "id_low": pa.array(ids[order, 1])}
        taken |= {"row": pa.array(order.astype(np.int32)), "num_characters": pa.array(lines.text_characters[order])}
        write_columns(
            records_file(self.folder, rank), {field.name: taken[field.name].cast(field.type) for field in RECORDS}
        )
        write_batches(keys_file(self.folder, rank), KEYS, sorted_bands(keys[order]))
        write_columns(lines_file(self.folder, rank), sorted_lines(lines, order))
        return data

    def read(self, piece: Piece) -> tuple[pa.Table, NDArray[np.uint64], HashedLines]:
        """The columns beside the texts, and of the texts the band keys, uint64 [n, bands], and the lines."""
        progress = task_progress()
        progress.file(str(piece.path))
        batches, keys, lines = [], [np.empty((0, self.parameters.bands), np.uint64)], []
        num_texts = 0
        for batch in piece.read([*COLUMNS.names, "text"]):
            texts = batch["text"]
            keys.append(band_keys(texts, self.parameters))
            if self.parameters.repeated_lines:
                found = hash_lines(texts, self.parameters.repeated_lines.min_characters)
                lines.append(found._replace(texts=found.texts + np.int32(num_texts)))
            batches.append(batch.select(COLUMNS.names))
            num_texts += len(batch)
            progress.add(num_documents=len(batch), num_bytes=texts.nbytes)
        return pa.Table.from_batches(batches, COLUMNS), np.concatenate(keys), joined(lines, num_texts)


def joined(parts: Sequence[HashedLines], num_texts: int) -> HashedLines:
    """The lines of several batches as one; without any, the texts have no characters that would count."""
    if not parts:
        nothing = np.empty(0, np.int32)
        return HashedLines(np.empty(0, np.uint64), nothing, nothing, np.zeros(num_texts, np.int32))
    return HashedLines(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def sorted_bands(keys: NDArray[np.uint64]) -> Iterator[pa.RecordBatch]:
    """The columns of KEYS for each band of keys, uint64 [num_records, bands]."""
    for band in keys.T:
        order = np.argsort(band, kind="stable")
        yield pa.RecordBatch.from_arrays([pa.array(band[order]), pa.array(order.astype(np.int32))], schema=KEYS)


def sorted_lines(lines: HashedLines, order: NDArray[np.int64]) -> dict[str, pa.Array]:
    """The columns of LINES; ``order`` gives the text of each record."""
    record_of_text = np.empty(len(order), np.int32)
    record_of_text[order] = np.arange(len(order), dtype=np.int32)
    records = record_of_text[lines.texts]
    by_hash = np.lexsort((records, lines.hashes))
    hashes, records = lines.hashes[by_hash], records[by_hash]
    is_first = np.append(True, (hashes[1:] != hashes[:-1]) | (records[1:] != records[:-1]))[: len(hashes)]
    starts = np.flatnonzero(is_first)
    num_characters = np.add.reduceat(lines.num_characters[by_hash], starts) if len(starts) else np.empty(0, np.int32)
    columns = (hashes[starts], records[starts], num_characters.astype(np.int32))
    return {field.name: pa.array(column) for field, column in zip(LINES, columns, strict=True)}
