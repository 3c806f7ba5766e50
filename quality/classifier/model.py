"""A trained classifier, for whoever scores documents or asks why one scores as it does."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from quality.classifier.calibration import read_calibrations
from quality.classifier.declaration import FastTextScorer
from quality.classifier.explain import word_contributions
from quality.classifier.linear import END_OF_LINE, logits, read_model
from quality.classifier.normalise import normalise
from quality.classifier.split import folds_of
from quality.classifier.train import model_path


class CrossFitted:
    """The models of all folds, calibrated. Each document is scored by the one that has not seen its fold.

    Args:
        folder: of the artifact ``classifiers/<name>``.
        scorer: the declaration that it was made from.
    """

    def __init__(self, folder: Path, scorer: FastTextScorer) -> None:
        self._num_folds = scorer.num_folds
        self._max_characters = scorer.documents.max_characters
        self._models = [read_model(model_path(folder, fold)) for fold in range(scorer.num_folds)]
        self._calibrations = read_calibrations(folder)

    def score(self, ids: pa.Array, texts: pa.LargeStringArray) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The calibrated probability of each of n documents to be positive, float32 [n], and whether it has words.

        Every score is finite; that of a document without words says nothing about it.

        Args:
            ids: the documents' ids, n strings.
            texts: their texts, without nulls.
        """
        words = normalise(texts, self._max_characters)
        folds = folds_of(ids.to_pylist(), self._num_folds)
        scores = np.empty(len(texts), np.float32)
        for fold, (model, calibration) in enumerate(zip(self._models, self._calibrations, strict=True)):
            rows = np.flatnonzero(folds == fold)
            scores[rows] = calibration.probabilities(logits(model, words, rows))
        return scores, pc.greater(pc.binary_length(words), 0).to_numpy(zero_copy_only=False)

    def explain(self, document: str, text: str, most: int) -> list[tuple[str, float]]:
        """The words that speak most for and against a document, and by how much, in the logit of its score.

        Args:
            document: the document's id.
            most: how many words for and how many against, at most.

        Returns:
            Words with what they add (above 0) or take (below 0), from the greatest to the least.
        """
        (fold,) = folds_of([document], self._num_folds).tolist()
        (words,) = normalise(pa.array([text], pa.large_string()), self._max_characters).to_pylist()
        slope = self._calibrations[fold].slope
        parts = word_contributions(self._models[fold], words)
        del parts[END_OF_LINE]
        ordered = sorted(((word, slope * part) for word, part in parts.items()), key=lambda item: (-item[1], item[0]))
        speaking_for = [item for item in ordered if item[1] > 0][:most]
        speaking_against = [item for item in ordered if item[1] < 0][-most:]
        return speaking_for + speaking_against
