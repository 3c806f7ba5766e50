"""Documents put by between two jobs, compressed, in the order in which they came."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from datatrove.data import Document


class Spool:
    """A task's documents, in a file that is being written."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream

    def put(self, document: "Document") -> None:
        pickle.dump(document, self._stream, pickle.HIGHEST_PROTOCOL)


@contextmanager
def write_spool(path: Path) -> Iterator[Spool]:
    """A file of documents."""
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        yield Spool(stream)


def read_spool(path: Path) -> Iterator["Document"]:
    """The documents of a file, one at a time."""
    with pa.input_stream(str(path), compression="zstd", buffer_size=1 << 20) as stream:
        while True:
            try:
                yield pickle.load(stream)
            except EOFError:
                return
