"""Training a fastText model of two classes: the same bytes for the same input."""

from pathlib import Path

import pyarrow as pa

from pipelines.errors import PhaselineError
from quality.classifier.declaration import FastTextScorer
from quality.classifier.linear import NEGATIVE, POSITIVE
from quality.classifier.metrics import Labels


def model_path(folder: Path, fold: int) -> Path:
    """The model that has not seen a fold."""
    return folder / f"model-{fold}.bin"


def train_model(path: Path, words: pa.LargeStringArray, labels: Labels, scorer: FastTextScorer) -> None:
    """Train on normalised texts in the order given and save the model.

    Args:
        path: where the model goes; the training text lies beside it while it is read.
        labels: 1 or 0 for each text.

    Raises:
        PhaselineError: the training diverges.
    """
    import fasttext

    parameters = scorer.fasttext
    lines = path.with_suffix(".txt")
    with lines.open("w") as file:
        for label, text in zip(labels.tolist(), words.to_pylist(), strict=True):
            file.write(f"{POSITIVE if label else NEGATIVE} {text}\n")
    try:
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
    except RuntimeError as error:
        raise PhaselineError(
            f"classifier {scorer.name} cannot be trained: fastText says {str(error).strip()}", "lower its learning_rate"
        ) from error
    finally:
        lines.unlink()
    model.save_model(str(path))
