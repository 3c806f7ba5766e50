"""What every task of dedup can look at: the documents' pieces, their signatures, and arrays about all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.numbering import Numbering, load_numbering
from pipelines.dedup.record_files import RecordFile
from pipelines.pieces import pieces_of
from pipelines.store import Artifact

NUMBERING = "numbering"


class Origin(NamedTuple):
    """What an artifact of documents says of all of them."""

    asset: str
    source: str
    snapshot: str
    domain: str


@dataclass(frozen=True)
class CorpusFiles:
    """The files of all documents in reading order, where each comes from, and a folder of arrays."""

    files: tuple[RecordFile, ...]
    origins: tuple[Origin, ...]
    folder: Path

    def names(self, field: str, artifacts: NDArray[np.int32]) -> pa.StringArray:
        """A field of the origins of artifacts, by their numbers."""
        return pa.array([getattr(origin, field) for origin in self.origins], pa.string()).take(pa.array(artifacts))

    def artifacts(self) -> NDArray[np.int32]:
        """The number of each file's artifact."""
        return np.array([file.artifact for file in self.files], np.int32)

    def numbering(self) -> Numbering:
        return load_numbering(self.folder / NUMBERING)

    def save(self, name: str, array: NDArray[Any]) -> None:
        np.save(self.folder / f"{name}.npy", array)

    def load(self, name: str) -> NDArray[Any]:
        """A saved array, mapped into memory."""
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r"))


def corpus_files(
    documents: Sequence[Artifact],
    signatures: Sequence[Artifact],
    priority: Sequence[str],
    domains: Mapping[str, str],
    folder: Path,
) -> CorpusFiles:
    """The files of some artifacts of documents, and of their signatures in the same order."""
    files, origins = [], []
    for number, (artifact, signed) in enumerate(zip(documents, signatures, strict=True)):
        source, snapshot = source_and_snapshot(artifact)
        origins.append(Origin(artifact.asset, source, snapshot, domains[source]))
        for piece_number, piece in enumerate(pieces_of(artifact)):
            files.append(RecordFile(piece, signed.folder, piece_number, number, priority.index(source)))
    folder.mkdir(parents=True, exist_ok=True)
    return CorpusFiles(tuple(files), tuple(origins), folder)


def source_and_snapshot(documents: Artifact) -> tuple[str, str]:
    """The source and snapshot of ``documents/<source>/<snapshot>``."""
    _, source, snapshot = documents.asset.split("/", 2)
    return source, snapshot
