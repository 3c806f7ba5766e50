"""datatrove's filter, which takes documents one after the other and reads their text as it is."""

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

# A model is copied into the cache by its path alone, and never again.
os.environ["HF_HOME"] = tempfile.mkdtemp()

from datatrove.data import Document
from datatrove.pipeline.filters import FastTextClassifierFilter

from benchmarks.classifier.layout import first_model, read_column


class Prepared(NamedTuple):
    step: FastTextClassifierFilter
    documents: list[Document]


def prepare(path: Path, num_parts: int) -> Prepared:
    columns = (read_column(path, num_parts, name).to_pylist() for name in ("text", "id"))
    step = FastTextClassifierFilter(str(first_model(path)), keep_labels=[("1", 0.0)], newline_replacement=" ")
    return Prepared(step, [Document(text, document) for text, document in zip(*columns, strict=True)])


def run(prepared: Prepared) -> list[float]:
    return [document.metadata["__label__1"] for document in prepared.step.run(iter(prepared.documents))]
