"""Training a quality classifier, calibrating it, and measuring it on documents that it has not seen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.fetch.records import read_records
from pipelines.fetch.snapshot import open_raw
from pipelines.readers.records import Record
from pipelines.sources import Source
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.classifier.calibration import UNCALIBRATED, Calibration, fit_calibration
from quality.classifier.declaration import FastTextScorer
from quality.classifier.from_sources import refuse_unknown_sources
from quality.classifier.labelled import labelled_documents, training_set_digest
from quality.classifier.linear import logits, read_model
from quality.classifier.measures import measures
from quality.classifier.model import describe_models
from quality.classifier.plots import plot_calibration, plot_classes, plot_curves
from quality.classifier.split import validation_fold
from quality.classifier.train import model_path, train_model

CODE_VERSION = "3"
TEST_SCORES = "test_scores.parquet"


def ensure_classifier(
    store: Store,
    scorer: FastTextScorer,
    corpus: Artifact,
    documents: Sequence[Artifact],
    files: Sequence[Artifact],
    report: Callable[[str], None],
) -> Outcome:
    """Train the classifier ``classifiers/<name>`` by cross-fitting, and keep it until its declaration changes.

    The negatives are often the very documents to be scored, and a model scores what it was trained on too low. So there
    is a model for each fold that has not seen it: it scores the fold here, for the measures, and its documents later.
    The fold after it calibrates the model, and the others train it.

    The artifact holds ``model-<fold>.bin`` (fastText's), ``models.json`` (what these do not say),
    ``test_scores.parquet`` (id, source, label, fold, score, uncalibrated of each labelled document, sorted by id) and
    plots. Its facts are ``measures`` and the digest of the training set.

    Args:
        corpus: the survivors of dedup and decontamination; only its training split is read.
        documents: the documents of the declared sources; others are ignored.
        files: the raw artifact of each snapshot of the labelled files.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: a declared source has no documents, a document is on both sides, a side has too few, or
            the training diverges.
    """
    refuse_unknown_sources(scorer, documents)
    named = [artifact for artifact in documents if artifact.record.parameters["source"] in scorer.source_labels]

    def make(draft: Draft) -> None:
        labelled, flow = labelled_documents(scorer, corpus, named, records_of_files(store, scorer, files))
        draft.flows["documents"] = flow
        labels = labelled["label"].to_numpy()
        report(f"{scorer.name}: {int(labels.sum()):,} positives and {int((labels == 0).sum()):,} negatives")
        table = cross_fit(scorer, labelled, draft.folder, report)
        pq.write_table(table, draft.folder / TEST_SCORES, compression="zstd")
        draft.facts |= measures(table, scorer.threshold) | {"training_set_digest": training_set_digest(labelled)}
        plot_classes(draft.folder / "scores.png", table, scorer.threshold)
        plot_calibration(draft.folder / "calibration.png", table)
        plot_curves(draft.folder / "curves.png", table, scorer.threshold)
        report(f"{scorer.name}: AUC {draft.facts['auc']:.3f} on documents that the models had not seen")

    return store.ensure(
        f"classifiers/{scorer.name}",
        make,
        code_version=CODE_VERSION,
        parameters=parameters_of(scorer),
        parents=[corpus, *named, *files],
        keep=True,
    )


def cross_fit(scorer: FastTextScorer, labelled: pa.Table, folder: Path, report: Callable[[str], None]) -> pa.Table:
    """Train and calibrate the model of each fold, and score the fold with it.

    Returns:
        The labelled documents without their words, with the calibrated score and fastText's own, sorted by id.
    """
    words = labelled["words"].combine_chunks()
    labels, folds = labelled["label"].to_numpy(), labelled["fold"].to_numpy()
    scores, uncalibrated = (np.empty(len(labelled), np.float32) for _ in range(2))
    calibrations: list[Calibration] = []
    for fold in range(scorer.num_folds):
        validation = validation_fold(fold, scorer.num_folds)
        training = np.flatnonzero((folds != fold) & (folds != validation))
        train_model(model_path(folder, fold), words.take(pa.array(training)), labels[training], scorer)
        model = read_model(model_path(folder, fold))
        calibrating, testing = np.flatnonzero(folds == validation), np.flatnonzero(folds == fold)
        calibrations.append(fit_calibration(labels[calibrating], logits(model, words, calibrating)))
        of_test = logits(model, words, testing)
        scores[testing] = calibrations[fold].probabilities(of_test)
        uncalibrated[testing] = UNCALIBRATED.probabilities(of_test)
        report(f"{scorer.name}: model {fold + 1} of {scorer.num_folds} learnt from {len(training):,} documents")
    describe_models(folder, scorer.documents, calibrations)
    table = labelled.drop_columns(["words"])
    for name, column in (("score", scores), ("uncalibrated", uncalibrated)):
        table = table.append_column(name, pa.array(column))
    return table.sort_by("id")


def records_of_files(store: Store, scorer: FastTextScorer, raw: Sequence[Artifact]) -> Mapping[str, Iterable[Record]]:
    """The records of each labelled file, snapshot after snapshot, read when they are asked for."""
    artifacts = {artifact.asset: artifact for artifact in raw}

    def records_of(file: Source) -> Iterator[Record]:
        for snapshot in file.snapshots:
            yield from read_records(open_raw(store, artifacts[f"raw/{file.name}/{snapshot}"], file), file)

    return {file.name: records_of(file) for file in scorer.files}


def parameters_of(scorer: FastTextScorer) -> dict[str, Any]:
    """The declaration, without the places of labelled files: their content is in the raw artifacts."""
    parameters = scorer.model_dump(mode="json")
    for side in (parameters["positives"], parameters["negatives"]):
        for file in side["files"]:
            file["snapshots"] = sorted(file["snapshots"])
    return parameters
