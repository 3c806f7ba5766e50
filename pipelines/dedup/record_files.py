"""One piece of documents with its signatures: what the corpus is made of, to dedup."""

from pathlib import Path
from typing import NamedTuple

from pipelines.dedup.pieces import Piece
from pipelines.dedup.signatures import keys_file, lines_file, records_file


class RecordFile(NamedTuple):
    """A piece of documents, where its signatures are, and where it comes from."""

    piece: Piece
    folder: Path  # of the artifact of signatures
    number: int  # of the piece in its artifact
    artifact: int  # among all artifacts
    priority: int  # of the source, the preferred source's being least

    @property
    def records(self) -> Path:
        return records_file(self.folder, self.number)

    @property
    def keys(self) -> Path:
        return keys_file(self.folder, self.number)

    @property
    def lines(self) -> Path:
        return lines_file(self.folder, self.number)
