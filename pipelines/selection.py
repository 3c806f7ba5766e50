"""Selected documents: which of each source are wanted is written once, then any task reads those of its files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.documents import DOCUMENTS
from pipelines.engines.progress import task_progress
from pipelines.store import Artifact

ID_LENGTH = 32  # hexadecimal digits


def write_selection(rows: pa.Table, folder: Path) -> None:
    """Write the rows of each source to a file of its own; read by ``Selection``.

    Args:
        rows: sorted by id, with the columns id and source; each pair of these once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source in pc.unique(rows["source"]).to_pylist():
        table = rows.filter(pc.equal(rows["source"], source)).combine_chunks()
        with (
            pa.OSFile(str(selection_file(folder, source)), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)


def selection_file(folder: Path, source: str) -> Path:
    return folder / f"{source}.arrow"


class Selection:
    """The wanted documents of one source: ``rows`` as they were written, mapped from the file."""

    def __init__(self, folder: Path, source: str) -> None:
        self.rows = pa.ipc.open_file(pa.memory_map(str(selection_file(folder, source)))).read_all()
        self._ids = id_array(self.rows["id"].combine_chunks())
        self._is_waiting = np.ones(len(self.rows), np.bool_)

    def take(self, ids: pa.StringArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the wanted ids stand among ``ids``, ascending, and their rows; a row is taken once, then left.

        Returns:
            Both int64 of the same length.
        """
        found = id_array(ids)
        rows = np.minimum(np.searchsorted(self._ids, found), len(self._ids) - 1)
        is_wanted = (self._ids[rows] == found) & self._is_waiting[rows]
        first = np.sort(np.unique(rows[is_wanted], return_index=True)[1])
        places = np.flatnonzero(is_wanted)[first]
        self._is_waiting[rows[places]] = False
        return places, rows[places]


def id_array(ids: pa.StringArray) -> NDArray[np.bytes_]:
    """Document ids as bytes of a fixed width, no copy: S32 [n]. Raises ArrowInvalid where one has another length."""
    fixed = ids.cast(pa.binary()).cast(pa.binary(ID_LENGTH))
    whole = np.frombuffer(fixed.buffers()[1] or b"", f"S{ID_LENGTH}")
    return whole[fixed.offset : fixed.offset + len(fixed)]


class DocumentsFile(NamedTuple):
    """A file of documents, and the source that they are from."""

    path: Path
    source: str

    @property
    def num_bytes(self) -> int:
        return self.path.stat().st_size


def files_of(documents: Sequence[Artifact], rows: pa.Table) -> list[DocumentsFile]:
    """The files of documents of the sources that some rows name."""
    sources = set(pc.unique(rows["source"]).to_pylist())
    return [
        DocumentsFile(path, artifact.record.parameters["source"])
        for artifact in documents
        if artifact.record.parameters["source"] in sources
        for path in artifact.files(DOCUMENTS)
    ]


def grouped(files: Sequence[DocumentsFile], group_bytes: int) -> list[list[DocumentsFile]]:
    """Neighbouring files in groups of at least ``group_bytes`` each, but for the last; one task reads one group."""
    groups: list[list[DocumentsFile]] = []
    num_bytes = group_bytes
    for file in files:
        if num_bytes >= group_bytes:
            groups.append([])
            num_bytes = 0
        groups[-1].append(file)
        num_bytes += file.num_bytes
    return groups


def read_selected(files: Sequence[DocumentsFile], selections: Path) -> Iterator[tuple[pa.Table, pa.LargeStringArray]]:
    """The selected documents of some files: their rows of the selection and their texts, a row group at a time."""
    progress = task_progress()
    opened: dict[str, Selection] = {}
    for file in files:
        progress.file(str(file.path))
        selection = opened.setdefault(file.source, Selection(selections, file.source))
        parquet = pq.ParquetFile(file.path)
        for group in range(parquet.num_row_groups):
            ids = parquet.read_row_group(group, columns=["id"])["id"].combine_chunks()
            places, rows = selection.take(ids)
            if len(places):
                texts = parquet.read_row_group(group, columns=["text"], use_threads=False)["text"].combine_chunks()
                wanted = texts if len(places) == len(texts) else texts.take(pa.array(places))
                yield selection.rows.take(pa.array(rows)), wanted
            progress.add(num_documents=len(ids), num_bytes=file.num_bytes // parquet.num_row_groups)
