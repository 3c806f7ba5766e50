"""Pieces hold every row group of every file once, in order, and as much text as is asked for."""

import pyarrow.parquet as pq
import pytest
from dedup_corpora import write_documents

from pipelines.documents import DOCUMENTS
from pipelines.pieces import PIECE_BYTES, Piece, pieces_of
from pipelines.store import Artifact, Store

TEXTS = [f"{number} " + "many words " * (1 + 37 * number % 50) for number in range(60)]
FILES = [range(40), range(40, 60)]  # of 6 and 3 row groups


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return write_documents(Store(tmp_path_factory.mktemp("documents")), "pages", TEXTS, FILES)


def texts(pieces: list[Piece]) -> list[str]:
    return [text for piece in pieces for batch in piece.read(["text"]) for text in batch["text"].to_pylist()]


@pytest.mark.parametrize(("piece_bytes", "num_pieces"), [(1, 9), (3000, 5), (PIECE_BYTES, 2)])
def test_pieces_are_as_large_as_asked_for(documents: Artifact, piece_bytes: int, num_pieces: int) -> None:
    pieces = pieces_of(documents, piece_bytes)
    assert len(pieces) == num_pieces
    assert texts(pieces) == TEXTS
    of_files = {path: pq.read_metadata(path).num_row_groups for path in documents.files(DOCUMENTS)}
    assert all(piece.num_bytes >= piece_bytes or piece.end == of_files[piece.path] for piece in pieces)
