"""The step that scores documents, a row group at a time."""

import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.engines import task_progress
from pipelines.pieces import Piece
from pipelines.whole_files import beside
from quality.scoring.kinds import Opener
from quality.scoring.table import SCORES_SCHEMA, scores_batch, scores_name


def piece_file(folder: Path, piece: Piece) -> Path:
    """Where the scores of a piece lie, SCORES_SCHEMA."""
    return folder / f"{piece.first:06d}-{scores_name(piece.path)}"


class ScoreDocuments(PipelineStep):
    """Task ``rank`` writes the scores of a piece of the documents as ``piece_file`` names it.

    Args:
        opener: gives the scorer of a piece.
        folder: where the scores go.
    """

    type = "SCORER"
    name = "score"

    def __init__(self, opener: Opener, pieces: Sequence[Piece], folder: Path) -> None:
        super().__init__()
        self.opener = opener
        self.pieces = pieces
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        piece = self.pieces[rank]
        progress = task_progress()
        progress.file(str(piece.path))
        scorer = self.opener(piece)
        started = time.monotonic()
        with (
            beside(piece_file(self.folder, piece)) as part,
            pq.ParquetWriter(part, SCORES_SCHEMA, compression="zstd") as writer,
        ):
            for documents in piece.read(list(dict.fromkeys(["id", *scorer.columns]))):
                writer.write_batch(scores_batch(documents["id"], scorer.score(documents), scorer.reason(documents)))
                progress.add(num_documents=len(documents), num_bytes=piece.num_bytes // (piece.end - piece.first))
                self.stat_update("documents", value=len(documents))
        self.stat_update("tokens", value=progress.num_tokens)
        self.stat_update("milliseconds", value=round(1000 * (time.monotonic() - started)))
        return ()
