"""Scores of a fastText classifier that the pipeline has trained."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.pieces import Piece
from quality.classifier.model import CrossFitted


class FastTextScores:
    """The score of each document by the model that has not seen its fold.

    Args:
        folder: of the trained models.
    """

    columns = ("id", "text")
    reason = "no_words"

    def __init__(self, folder: Path, _: Piece) -> None:
        self._models = CrossFitted(folder)

    def score(self, documents: pa.RecordBatch) -> npt.NDArray[np.float32]:
        scores, has_words = self._models.score(documents["id"], documents["text"])
        return np.where(has_words, scores, np.float32(np.nan))
