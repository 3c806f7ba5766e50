"""Scores of a fastText classifier that the pipeline has trained."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.pieces import Piece
from quality.classifier.model import CrossFitted


class FastTextScores:
    """The score of each document by the model that has not seen its fold, in the languages that it has learnt.

    Args:
        folder: of the trained models.
    """

    columns = ("id", "text", "language")

    def __init__(self, folder: Path, _: Piece) -> None:
        self._models = CrossFitted(folder)

    def score(self, documents: pa.RecordBatch) -> npt.NDArray[np.float32]:
        scores, has_words = self._models.score(documents["id"], documents["text"])
        is_known = self._is_known(documents).to_numpy(zero_copy_only=False)
        return np.where(has_words & is_known, scores, np.float32(np.nan))

    def reason(self, documents: pa.RecordBatch) -> pa.Array:
        return pc.if_else(self._is_known(documents), "no_words", "other_language")

    def _is_known(self, documents: pa.RecordBatch) -> pa.BooleanArray:
        return pc.is_in(documents["language"], pa.array(self._models.languages))
