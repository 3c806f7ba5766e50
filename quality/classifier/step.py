"""Training a quality classifier and measuring it on documents that it has not seen."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.store import Artifact, Draft, Outcome, Store
from quality.classifier.declaration import ClassifierDeclaration
from quality.classifier.labelled import labelled_documents, refuse_unknown_sources
from quality.classifier.metrics import auc, precision_recall
from quality.classifier.model import load_model, score, train_model
from quality.classifier.plots import plot_classes

CODE_VERSION = "1"
TEST_SCORES = "test_scores.parquet"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def model_path(folder: Path, fold: int) -> Path:
    """The model that has not seen a fold."""
    return folder / f"model-{fold}.bin"


def ensure_classifier(
    store: Store,
    declaration: ClassifierDeclaration,
    corpus: Artifact,
    documents: Sequence[Artifact],
    report: Callable[[str], None],
) -> Outcome:
    """Train the classifier ``quality/<name>`` by cross-fitting: one model for each fold, trained on the other folds.

    The negatives are often the very documents to be scored, and a model scores what it was trained on too low. So every
    document is scored by the model that has not seen its fold, here for the measures and later for the buckets.

    The artifact holds ``model-<fold>.bin``, ``test_scores.parquet`` (id, source, fold, label, score of each labelled
    document) and ``scores.png``; its facts hold the AUC over all of them.

    Args:
        corpus: the survivors of dedup and decontamination; only its training split is read.
        documents: the documents of the declared sources; others are ignored.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: a declared source has no documents, or a side has too few.
    """
    refuse_unknown_sources(declaration, documents)
    parents = [artifact for artifact in documents if artifact.record.parameters["source"] in declaration.labels]

    def make(draft: Draft) -> None:
        labelled, flow = labelled_documents(declaration, corpus, parents)
        draft.flows["documents"] = flow
        texts = np.array(labelled["text"].to_pylist(), dtype=object)
        labels = labelled["label"].to_numpy()
        folds = labelled["fold"].to_numpy()
        scores = np.empty(len(labelled), dtype=np.float32)
        report(f"{declaration.name}: {int(labels.sum()):,} positives and {int((labels == 0).sum()):,} negatives")
        for fold in range(declaration.num_folds):
            seen, unseen = folds != fold, folds == fold
            path = model_path(draft.folder, fold)
            train_model(path, texts[seen].tolist(), labels[seen].tolist(), declaration.fasttext)
            scores[unseen] = score(load_model(path), texts[unseen].tolist())
        table = labelled.drop_columns(["text"]).append_column("score", pa.array(scores)).sort_by("id")
        pq.write_table(table, draft.folder / TEST_SCORES, compression="zstd")
        draft.facts |= measures(table)
        plot_classes(draft.folder / "scores.png", labels, scores, draft.facts["auc"])
        report(f"{declaration.name}: AUC {draft.facts['auc']:.3f} on documents that the models had not seen")

    return store.ensure(
        f"quality/{declaration.name}",
        make,
        code_version=CODE_VERSION,
        parameters=declaration.model_dump(mode="json", exclude={"buckets", "stratify_by"}),
        parents=[corpus, *parents],
    )


def measures(table: pa.Table) -> dict[str, Any]:
    """The facts of a classifier from its test scores.

    ``auc_by_fold`` near ``auc`` says that the folds' scores can be compared; ``auc_by_positive_source`` sets each
    positive source against all negatives.
    """
    labels, scores = table["label"].to_numpy(), table["score"].to_numpy()
    folds = table["fold"].to_numpy()
    sources = np.array(table["source"].to_pylist(), dtype=object)
    positives = sorted(set(sources[labels == 1]))
    whole_folds = [fold for fold in sorted(set(folds.tolist())) if len(set(labels[folds == fold])) == 2]
    precision, recall = precision_recall(labels, scores, 0.5)

    def auc_of(rows: np.ndarray) -> float:
        return auc(labels[rows], scores[rows])

    def quantiles(label: int) -> dict[str, float]:
        values = np.quantile(scores[labels == label], QUANTILES)
        return {str(level): float(value) for level, value in zip(QUANTILES, values, strict=True)}

    return {
        "auc": auc(labels, scores),
        "auc_by_fold": [auc_of(folds == fold) for fold in whole_folds],
        "auc_by_positive_source": {name: auc_of((labels == 0) | (sources == name)) for name in positives},
        "precision_at_half": precision,
        "recall_at_half": recall,
        "num_positives": int((labels == 1).sum()),
        "num_negatives": int((labels == 0).sum()),
        "documents_by_source": {name: int((sources == name).sum()) for name in sorted(set(sources))},
        "score_quantiles": {"positives": quantiles(1), "negatives": quantiles(0)},
    }
