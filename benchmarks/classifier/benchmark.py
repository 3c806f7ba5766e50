"""The benchmark `classifier`: texts scored by a fastText classifier, held against fastText's own binding."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from benchmarks.classifier.corpus import declared, write_corpus
from benchmarks.classifier.layout import NUM_PARTS, classifier_folder, documents_file, read_column
from benchmarks.harness import Benchmark, Contender, Target
from benchmarks.limits import memory_copy_megabytes_per_second, parquet_megabytes_per_second
from quality.classifier.metrics import auc
from quality.classifier.model import CrossFitted
from quality.classifier.split import folds_of

BINDING = "fasttext-community, normalised text"
CLOSE = 0.01  # by which two scores may differ: fastText adds to a probability before it takes a logarithm


class ClassifierBenchmark(Benchmark):
    """Megabytes of UTF-8 text a second, from the column of texts to scores. The binding is given normalised text."""

    name = "classifier"
    unit = "MB/s"
    targets = (Target(1 / 1.3, BINDING), Target(2, "datatrove"))
    ours = Contender("phaseline", "benchmarks.classifier.ours", NUM_PARTS)
    variants = (Contender(BINDING, "benchmarks.classifier.binding", NUM_PARTS),)
    peers = (
        Contender("fasttext-numpy2-wheel, normalised text", "benchmarks.classifier.binding", NUM_PARTS),
        Contender("datatrove", "benchmarks.classifier.with_datatrove", NUM_PARTS),
    )

    def write_input(self, path: Path) -> str:
        write_corpus(path)
        return f"{len(read_column(path, NUM_PARTS, 'id')):,} documents, {self.amount(path, NUM_PARTS):.1f} MB"

    def amount(self, path: Path, num_parts: int) -> float:
        num_bytes: int = pc.sum(pc.binary_length(read_column(path, num_parts, "text"))).as_py()
        return num_bytes / 1e6

    def judge(self, path: Path, num_parts: int, output: Any) -> dict[str, float | None]:
        """How well the scores tell the two registers apart."""
        return {"AUC": auc(read_column(path, num_parts, "label").to_numpy(), np.array(output))}

    def agree(self, path: Path, num_parts: int, output: Any, ours: Any) -> bool:
        """The same scores for the documents that ours scores by the model that the others have."""
        of_model = folds_of(read_column(path, num_parts, "id").to_pylist(), declared().num_folds) == 0
        scores, expected = (np.array(one[: len(of_model)])[of_model] for one in (output, ours))
        if output != ours:
            logits = np.log(scores) - np.log1p(-scores)
            scores = CrossFitted(classifier_folder(path)).calibrations[0].probabilities(logits)
        return bool(np.allclose(scores, expected, atol=CLOSE))

    def limits(self, path: Path) -> dict[str, float]:
        return {
            "copying memory": memory_copy_megabytes_per_second(),
            "decoding Parquet": parquet_megabytes_per_second(documents_file(path, 0), "text"),
        }
