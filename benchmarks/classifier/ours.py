"""Ours: from the column of texts to calibrated scores, each by the model that has not seen the document."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from benchmarks.classifier.layout import classifier_folder, read_column
from pipelines.documents import ROWS_PER_BATCH
from quality.classifier.model import CrossFitted


class Prepared(NamedTuple):
    models: CrossFitted
    ids: pa.StringArray
    texts: pa.LargeStringArray


def prepare(path: Path, num_parts: int) -> Prepared:
    models = CrossFitted(classifier_folder(path))
    return Prepared(models, read_column(path, num_parts, "id"), read_column(path, num_parts, "text"))


def run(prepared: Prepared) -> list[float]:
    scores: list[float] = []
    for start in range(0, len(prepared.ids), ROWS_PER_BATCH):
        batch = slice(start, start + ROWS_PER_BATCH)
        scores += prepared.models.score(prepared.ids[batch], prepared.texts[batch])[0].tolist()
    return scores
