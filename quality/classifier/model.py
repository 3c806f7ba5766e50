"""fastText models of two classes: deterministic training, and scores between 0 and 1."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from quality.classifier.declaration import FastTextParameters

PREFIX = "__label__"  # normalised text has no underscore, so no text can bring a label


class Model(Protocol):
    """The part of a fastText model that is used here."""

    def predict(self, text: list[str], k: int) -> tuple[list[list[str]], list[Any]]: ...

    def get_words(self) -> list[str]: ...


def train_model(path: Path, texts: Sequence[str], labels: Sequence[int], parameters: FastTextParameters) -> None:
    """Train on normalised texts in the order given and save the model: the same bytes for the same input.

    Args:
        path: where the model goes; the training text lies beside it while it is read.
        labels: 1 or 0 for each text.
    """
    import fasttext

    lines = path.with_suffix(".txt")
    lines.write_text("".join(f"{PREFIX}{label} {text}\n" for label, text in zip(labels, texts, strict=True)))
    model = fasttext.train_supervised(
        input=str(lines),
        dim=parameters.dim,
        wordNgrams=parameters.word_ngrams,
        bucket=parameters.num_buckets,
        minCount=parameters.min_count,
        epoch=parameters.num_epochs,
        lr=parameters.learning_rate,
        seed=parameters.seed,
        thread=1,  # threads update the weights in any order
        verbose=0,
    )
    lines.unlink()
    model.save_model(str(path))


def load_model(path: Path) -> Model:
    import fasttext

    return fasttext.load_model(str(path))


def score(model: Model, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """The probability of label 1 for each normalised text, shape (len(texts),); finite for empty texts too."""
    if not texts:
        return np.empty(0, dtype=np.float32)
    labels, probabilities = model.predict(list(texts), k=2)
    positive = [row[names.index(f"{PREFIX}1")] for names, row in zip(labels, probabilities, strict=True)]
    return np.clip(np.array(positive, dtype=np.float32), 0, 1)  # fastText adds 1e-5 before it takes a logarithm
