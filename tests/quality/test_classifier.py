"""The classifier separates planted classes, repeats itself to the byte, is kept, and is measured on unseen text."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted_corpus import BAD_WORDS, DECLARATION, GOOD_WORDS, Corpus, Planted, prose

from pipelines.digests import document_id
from pipelines.errors import PhaselineError
from pipelines.fetch.raw import ensure_raw
from pipelines.store import Artifact, Store
from quality.classifier.calibration import fit_calibration
from quality.classifier.declaration import FastTextScorer
from quality.classifier.linear import logits, read_model
from quality.classifier.metrics import auc
from quality.classifier.model import CrossFitted
from quality.classifier.normalise import normalise
from quality.classifier.split import folds_of
from quality.classifier.step import TEST_SCORES, ensure_classifier
from quality.classifier.train import model_path

SEPARATES = 0.8  # the expectation separates_classes


def declared(**changes: Any) -> FastTextScorer:
    return FastTextScorer.model_validate(copy.deepcopy(DECLARATION) | changes)


def train(corpus: Corpus, scorer: FastTextScorer, store: Store | None = None) -> Artifact:
    arguments = (corpus.survivors, corpus.documents, [], print)
    return ensure_classifier(store or corpus.store, scorer, *arguments).artifact


def test_planted_classes_are_separated(classifier: Artifact) -> None:
    facts = classifier.record.facts
    assert facts["auc"] > 0.95
    assert facts["auc_by_positive_source"] == {"good": facts["auc"]}
    assert (facts["num_positives"], facts["num_negatives"]) == (70, 70)
    assert facts["precision"] > 0.9
    assert facts["recall"] > 0.9
    assert sum(one["num_documents"] for one in facts["reliability"]) == 140


def test_everything_about_a_classifier_is_in_its_folder(classifier: Artifact) -> None:
    assert [file.path for file in classifier.record.files] == [
        *("calibration.png", "curves.png"),
        *(f"model-{fold}.bin" for fold in range(3)),
        *("models.json", "scores.png", TEST_SCORES),
    ]


def test_swapped_sources_turn_the_scores_round(corpus: Corpus, classifier: Artifact) -> None:
    swapped = train(corpus, declared(name="swapped", positives={"sources": ["bad"]}, negatives={"sources": ["good"]}))
    table = pq.read_table(swapped.folder / TEST_SCORES)
    good = np.array([source == "good" for source in table["source"].to_pylist()], dtype=np.int8)
    assert auc(good, table["score"].to_numpy()) < 0.05
    assert swapped.record.facts["training_set_digest"] != classifier.record.facts["training_set_digest"]


def test_swapped_labels_of_a_file_fail_the_expectation(corpus: Corpus, tmp_path: Path) -> None:
    """People labelled 70 documents of each kind, and somebody read 1 as bad."""
    rows = [(page.text, 1) for page in prose(GOOD_WORDS, 11, 70)] + [
        (page.text, 0) for page in prose(BAD_WORDS, 12, 70)
    ]
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (tmp_path / "judged.jsonl").write_text("\n".join(lines))

    def auc_where(good: int) -> float:
        name = f"good_is_{good}"
        scorer = declared(
            name=name,
            positives={"sources": ["good"], "files": [judged(f"{name}_positives", tmp_path, good)]},
            negatives={"sources": ["bad"], "files": [judged(f"{name}_negatives", tmp_path, 1 - good)]},
        )
        raw = [ensure_raw(corpus.store, file, "1", print).artifact for file in scorer.files]
        made = ensure_classifier(corpus.store, scorer, corpus.survivors, corpus.documents, raw, print).artifact
        assert made.record.facts["num_positives"] == 140
        area: float = made.record.facts["auc"]
        return area

    assert auc_where(good=1) > 0.95
    assert auc_where(good=0) < SEPARATES


def judged(name: str, folder: Path, label: int) -> dict[str, Any]:
    template = f"{{{{ text if label == {label} }}}}"
    reader = {"format": "json_lines", "include": ["*.jsonl"], "template": template}
    return {"name": name, "licence": "MIT", "reader": reader, "snapshots": {"1": {"folder": str(folder)}}}


def test_equal_input_gives_equal_bytes(corpus: Corpus, classifier: Artifact, tmp_path: Path) -> None:
    again = train(corpus, declared(), Store(tmp_path))
    assert again.folder != classifier.folder
    assert again.record.files == classifier.record.files
    assert again.record.facts == classifier.record.facts


def test_a_classifier_is_kept_until_its_declaration_changes(tmp_path: Path) -> None:
    planted = {"good": prose(GOOD_WORDS, 1, 40), "bad": prose(BAD_WORDS, 2, 40)}
    domains = {"good": "wiki", "bad": "web"}
    first = train(Corpus(tmp_path / "before", planted, domains), declared(), Store(tmp_path))
    grown = Corpus(tmp_path / "after", planted | {"bad": prose(BAD_WORDS, 3, 41)}, domains)
    assert train(grown, declared(), Store(tmp_path)).record == first.record
    again = train(grown, declared(fit=2), Store(tmp_path))
    assert (again.record.version, again.record.facts["num_negatives"]) == (2, 41)


def test_each_document_is_scored_by_a_model_that_has_neither_learnt_nor_been_calibrated_on_it(
    corpus: Corpus, classifier: Artifact, scorer: FastTextScorer
) -> None:
    texts = {document_id(page.text): page.text for page in prose(GOOD_WORDS, 1, 80) + prose(BAD_WORDS, 3, 80)}
    rows = pq.read_table(classifier.folder / TEST_SCORES)
    words = normalise(pa.array([texts[document] for document in rows["id"].to_pylist()], pa.large_string()), 1000)
    labels, folds = rows["label"].to_numpy(), rows["fold"].to_numpy()
    assert folds.tolist() == folds_of(rows["id"].to_pylist(), 3).tolist()
    for fold, calibration in enumerate(CrossFitted(classifier.folder).calibrations):
        model = read_model(model_path(classifier.folder, fold))
        tested, calibrating = np.flatnonzero(folds == fold), np.flatnonzero(folds == (fold + 1) % 3)
        fitted = fit_calibration(labels[calibrating], logits(model, words, calibrating))
        assert calibration == pytest.approx(fitted, rel=1e-9)  # sums depend on the order
        scores = calibration.probabilities(logits(model, words, tested)).astype(np.float32)
        assert rows["score"].to_numpy()[tested].tolist() == scores.tolist()


def test_a_model_learns_from_the_folds_that_neither_test_nor_calibrate_it(tmp_path: Path) -> None:
    """Every document has a word of its own, so that a model's vocabulary names the documents that it was trained on."""
    import fasttext

    own = [f"{first}{second}" for first in "abcdefgh" for second in "pqrstuvw"]
    corpus = Corpus(
        tmp_path,
        {"good": [Planted(word) for word in own[:32]], "bad": [Planted(word) for word in own[32:]]},
        {"good": "wiki", "bad": "web"},
    )
    classifier = train(corpus, declared())
    for fold in range(3):
        words = set(fasttext.load_model(str(model_path(classifier.folder, fold))).get_words()) - {"</s>"}
        assert words == {word for word in own if folds_of([document_id(word)], 3)[0] == (fold + 2) % 3}


def test_a_source_without_documents_is_refused(corpus: Corpus) -> None:
    with pytest.raises(PhaselineError, match=r"classifier prose names wikipedia, but no such source") as refusal:
        train(corpus, declared(positives={"sources": ["good", "wikipedia"]}))
    assert "bad, good, pages" in refusal.value.remedy


def test_training_that_diverges_is_refused(corpus: Corpus) -> None:
    with pytest.raises(PhaselineError, match="cannot be trained: fastText says Encountered NaN"):
        train(corpus, declared(name="steep", fasttext=DECLARATION["fasttext"] | {"learning_rate": 1e30}))
