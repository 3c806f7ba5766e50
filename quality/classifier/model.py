"""A trained classifier, for whoever scores documents or asks why one scores as it does."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from quality.classifier.calibration import Calibration
from quality.classifier.declaration import LabelledDocuments
from quality.classifier.explain import word_contributions
from quality.classifier.linear import END_OF_LINE, logits, read_model
from quality.classifier.normalise import normalise
from quality.classifier.split import folds_of
from quality.classifier.train import model_path

DESCRIPTION = "models.json"


def describe_models(folder: Path, documents: LabelledDocuments, calibrations: Sequence[Calibration]) -> None:
    """Write what the files of models do not say: what they have learnt to read, and the calibration of each fold's."""
    described = {
        "languages": documents.languages,
        "max_characters": documents.max_characters,
        "calibrations": [one._asdict() for one in calibrations],
    }
    (folder / DESCRIPTION).write_text(json.dumps(described, indent=1) + "\n")


class CrossFitted:
    """The models of all folds, calibrated. Each document is scored by the one that has not seen its fold.

    Args:
        folder: of the artifact ``classifiers/<name>``, which says all that there is to know of its models.

    Its ``languages`` are those that it has learnt; a score of a text in another says nothing.
    """

    def __init__(self, folder: Path) -> None:
        described = json.loads((folder / DESCRIPTION).read_bytes())
        self.languages: list[str] = described["languages"]
        self._max_characters: int = described["max_characters"]
        self.calibrations = [Calibration(**calibration) for calibration in described["calibrations"]]
        self._models = [read_model(model_path(folder, fold)) for fold in range(len(self.calibrations))]

    def score(self, ids: pa.Array, texts: pa.LargeStringArray) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The calibrated probability of each of n documents to be positive, float32 [n], and whether it has words.

        Every score is finite; that of a document without words says nothing about it.

        Args:
            ids: the documents' ids, n strings.
            texts: their texts, without nulls.
        """
        words = normalise(texts, self._max_characters)
        folds = folds_of(ids.to_pylist(), len(self._models))
        scores = np.empty(len(texts), np.float32)
        for fold, (model, calibration) in enumerate(zip(self._models, self.calibrations, strict=True)):
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
        (fold,) = folds_of([document], len(self._models)).tolist()
        (words,) = normalise(pa.array([text], pa.large_string()), self._max_characters).to_pylist()
        slope = self.calibrations[fold].slope
        parts = word_contributions(self._models[fold], words)
        del parts[END_OF_LINE]
        ordered = sorted(((word, slope * part) for word, part in parts.items()), key=lambda item: (-item[1], item[0]))
        speaking_for = [item for item in ordered if item[1] > 0][:most]
        speaking_against = [item for item in ordered if item[1] < 0][-most:]
        return speaking_for + speaking_against
