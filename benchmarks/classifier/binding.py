"""fastText's own binding on texts that are normalised already, strings of Python in one list: the prediction alone."""

from pathlib import Path
from typing import Any, NamedTuple

import fasttext

from benchmarks.classifier.layout import first_model, read_column


class Prepared(NamedTuple):
    model: Any
    texts: list[str]


def prepare(path: Path, num_parts: int) -> Prepared:
    return Prepared(fasttext.load_model(str(first_model(path))), read_column(path, num_parts, "words").to_pylist())


def run(prepared: Prepared) -> list[float]:
    labels, probabilities = prepared.model.predict(prepared.texts, k=2)
    return [float(row[names.index("__label__1")]) for names, row in zip(labels, probabilities, strict=True)]
