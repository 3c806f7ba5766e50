"""Documents to tokens in hashed order: encoded where they lie by tasks, then gathered a stretch of hashes at a time.

So neighbours in shards are strangers, and nobody holds more than a group of files or a stretch.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.digests import keyed_hash
from pipelines.encoder import Encoder
from pipelines.selection import DocumentsFile, read_selected
from pipelines.shards import DOCUMENT_SCHEMA, Tokens
from pipelines.store import Artifact
from pipelines.whole_files import beside

ORDER_KEY = "shards"
NUM_HASHES = 1 << 64
SORT_KEYS = [("order", "ascending"), ("id", "ascending")]

ENCODED_SCHEMA = pa.schema(
    [
        pa.field("order", pa.uint64(), nullable=False),  # the keyed hash of the id
        *DOCUMENT_SCHEMA,
        pa.field("tokens", pa.large_binary(), nullable=False),  # as in token files, the end-of-text token included
    ]
)


class EncodeDocuments(PipelineStep):
    """Task ``rank`` encodes the selected documents of a group of files and writes them in hashed order.

    Args:
        tokenizer: the tokenizer's artifact.
        groups: the files of each task.
        selections: the folder of what is wanted of each source, with the columns of DOCUMENT_SCHEMA but ``length``.
        folder: where the encoded documents go; see ``encoded_file``.
    """

    type = "TOKENIZER"
    name = "encode"

    def __init__(
        self, tokenizer: Artifact, groups: Sequence[Sequence[DocumentsFile]], selections: Path, folder: Path
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.groups = groups
        self.selections = selections
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        encoder = Encoder(self.tokenizer)
        tables = [encoded(rows, texts, encoder) for rows, texts in read_selected(self.groups[rank], self.selections)]
        table = in_order(pa.concat_tables([ENCODED_SCHEMA.empty_table(), *tables]))
        with beside(encoded_file(self.folder, rank)) as path, pa.ipc.new_file(str(path), ENCODED_SCHEMA) as file:
            file.write_table(table)
        return ()


def encoded_file(folder: Path, group: int) -> Path:
    """Where the encoded documents of a group lie: ENCODED_SCHEMA in hashed order, as an Arrow file."""
    return folder / f"encoded-{group:05d}.arrow"


def encoded(rows: pa.Table, texts: pa.LargeStringArray, encoder: Encoder) -> pa.Table:
    """Documents with their tokens, ENCODED_SCHEMA."""
    tokens, lengths = encoder.encode(texts)
    starts = np.append(0, np.cumsum(lengths)) * tokens.itemsize
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(tokens)]
    columns = {name: rows[name] for name in rows.column_names} | {
        "order": pa.array([keyed_hash(document, ORDER_KEY) for document in rows["id"].to_pylist()], pa.uint64()),
        "length": pa.array(lengths),
        "tokens": pa.Array.from_buffers(pa.large_binary(), len(lengths), buffers),
    }
    return pa.table([columns[name] for name in ENCODED_SCHEMA.names], schema=ENCODED_SCHEMA)


def in_order(table: pa.Table) -> pa.Table:
    """Encoded documents in hashed order, each id once."""
    order = pc.sort_indices(table, SORT_KEYS)
    ids = table["id"].take(order)
    is_first = pc.not_equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0)))
    places = np.append(True, is_first.to_numpy())[: len(ids)]
    return table.take(order.filter(pa.array(places))).combine_chunks()


def stretches(folder: Path, num_groups: int, num_stretches: int) -> Iterator[pa.Table]:
    """All documents in hashed order, ENCODED_SCHEMA, a stretch of equally many hashes at a time.

    Args:
        folder: of the encoded documents of all groups.
    """
    tables = [
        pa.ipc.open_file(pa.memory_map(str(encoded_file(folder, group)))).read_all() for group in range(num_groups)
    ]
    firsts = np.array([NUM_HASHES * stretch // num_stretches for stretch in range(num_stretches)], np.uint64)
    starts = [np.append(np.searchsorted(table["order"].to_numpy(), firsts), len(table)) for table in tables]
    for stretch in range(num_stretches):
        slices = [
            table.slice(at[stretch], at[stretch + 1] - at[stretch]) for table, at in zip(tables, starts, strict=True)
        ]
        yield in_order(pa.concat_tables(slices))


def tokens_of(table: pa.Table, dtype: np.dtype[np.unsignedinteger]) -> Tokens:
    """The tokens of encoded documents end to end; no copy where the table has one chunk."""
    column = table["tokens"].combine_chunks()
    _, offsets, data = column.buffers()
    starts = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, np.uint8)[starts[0] : starts[-1]].view(dtype)
