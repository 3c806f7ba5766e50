"""The classifier separates planted classes, repeats itself to the byte, and keeps off what it must not see."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_corpus import DECLARATION, Corpus, Planted, prose
from pydantic import ValidationError

from pipelines.corpus import survivors
from pipelines.digests import document_id
from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from quality.classifier.declaration import ClassifierDeclaration
from quality.classifier.labelled import fold_of, labelled_documents
from quality.classifier.metrics import auc, precision_recall
from quality.classifier.model import load_model, score
from quality.classifier.normalise import normalise
from quality.classifier.step import TEST_SCORES, ensure_classifier, model_path


def declared(**changes: Any) -> ClassifierDeclaration:
    return ClassifierDeclaration.model_validate(copy.deepcopy(DECLARATION) | changes)


def train(corpus: Corpus, declaration: ClassifierDeclaration, store: Store | None = None) -> Artifact:
    made = ensure_classifier(store or corpus.store, declaration, corpus.dedup, corpus.documents, print)
    return made.artifact


def test_planted_classes_are_separated(corpus: Corpus, declaration: ClassifierDeclaration) -> None:
    facts = train(corpus, declaration).record.facts
    assert facts["auc"] > 0.95
    assert facts["auc_by_positive_source"]["good"] == facts["auc"]
    assert (facts["num_positives"], facts["num_negatives"]) == (70, 70)


def test_swapped_sources_turn_the_scores_round(corpus: Corpus, declaration: ClassifierDeclaration) -> None:
    swapped = train(corpus, declared(name="swapped", positives=["bad"], negatives=["good"]))
    table = pq.read_table(swapped.folder / TEST_SCORES)
    good = np.array([source == "good" for source in table["source"].to_pylist()], dtype=np.int8)
    assert auc(good, table["score"].to_numpy()) < 0.05
    assert swapped.digest != train(corpus, declaration).digest


def test_equal_input_gives_equal_bytes(corpus: Corpus, declaration: ClassifierDeclaration, tmp_path: Path) -> None:
    again = train(corpus, declaration, Store(tmp_path))
    first = train(corpus, declaration)
    assert again.folder != first.folder
    assert again.record.files == first.record.files
    assert again.record.facts == first.record.facts


def test_buckets_do_not_train_the_classifier_anew(corpus: Corpus, declaration: ClassifierDeclaration) -> None:
    first = train(corpus, declaration)
    halves = declared(buckets=[{"name": "top", "min_percentile": 50}, {"name": "rest", "min_percentile": 0}])
    assert train(corpus, halves).record == first.record


def test_only_training_documents_are_labelled(corpus: Corpus) -> None:
    documents = {**DECLARATION["documents"], "max_documents_per_source": 1000}
    table, flow = labelled_documents(declared(documents=documents), corpus.dedup, corpus.documents)
    held_out = set(survivors(corpus.dedup, split="held_out")["id"].to_pylist())
    assert len(held_out) == 20
    assert set(table["id"].to_pylist()).isdisjoint(held_out)
    assert (flow.num_in, flow.num_kept, flow.num_lost) == (160, 160, 0)


def test_documents_that_are_not_labelled_are_counted(tmp_path: Path) -> None:
    foreign = [Planted(f"Satz Nummer {number}", language="de") for number in range(7)]
    corpus = Corpus(
        tmp_path, {"good": prose(["a"], 1, 30) + foreign, "bad": prose(["b"], 2, 30)}, {"good": "wiki", "bad": "web"}
    )
    documents = {**DECLARATION["documents"], "max_documents_per_source": 25}
    _, flow = labelled_documents(declared(documents=documents), corpus.dedup, corpus.documents)
    assert (flow.num_in, flow.num_kept) == (67, 50)
    assert flow.dropped == {"language": 7, "over_source_maximum": 10}


def test_each_test_score_is_of_a_model_that_had_not_seen_the_fold(
    corpus: Corpus, declaration: ClassifierDeclaration
) -> None:
    classifier = train(corpus, declaration)
    labelled, _ = labelled_documents(declaration, corpus.dedup, corpus.documents)
    texts = dict(zip(labelled["id"].to_pylist(), labelled["text"].to_pylist(), strict=True))
    models = [load_model(model_path(classifier.folder, fold)) for fold in range(declaration.num_folds)]
    for row in pq.read_table(classifier.folder / TEST_SCORES).to_pylist():
        assert row["fold"] == fold_of(row["id"], declaration.num_folds)
        assert row["score"] == score(models[row["fold"]], [texts[row["id"]]])[0]


def test_no_model_was_trained_on_its_fold(tmp_path: Path) -> None:
    """Every document has a word of its own, so that a model's vocabulary names the documents that it was trained on."""
    own = [f"{first}{second}" for first in "abcdefgh" for second in "pqrstuvw"]
    corpus = Corpus(
        tmp_path,
        {"good": [Planted(w) for w in own[:32]], "bad": [Planted(w) for w in own[32:]]},
        {"good": "wiki", "bad": "web"},
    )
    declaration = declared()
    classifier = train(corpus, declaration)
    for fold in range(declaration.num_folds):
        words = set(load_model(model_path(classifier.folder, fold)).get_words()) - {"</s>"}
        assert words == {word for word in own if fold_of(document_id(word), declaration.num_folds) != fold}


def test_a_source_without_documents_is_refused(corpus: Corpus) -> None:
    with pytest.raises(PhaselineError, match=r"classifier web names wikipedia, but no such source") as refusal:
        train(corpus, declared(positives=["good", "wikipedia"]))
    assert "bad, good, pages" in refusal.value.remedy


def test_too_few_documents_are_refused(corpus: Corpus) -> None:
    documents = {**DECLARATION["documents"], "min_documents_per_side": 71}
    with pytest.raises(PhaselineError, match="has 70 positives, fewer than min_documents_per_side 71"):
        train(corpus, declared(documents=documents))


def test_a_source_on_both_sides_is_refused() -> None:
    with pytest.raises(ValidationError, match="good is among both positives and negatives"):
        declared(negatives=["bad", "good"])


@pytest.mark.parametrize("bounds", [[75, 30], [30, 75, 0], [75, 75, 0]])
def test_buckets_that_leave_gaps_are_refused(bounds: list[int]) -> None:
    buckets = [{"name": f"b{index}", "min_percentile": bound} for index, bound in enumerate(bounds)]
    with pytest.raises(ValidationError, match="min_percentile must fall"):
        declared(buckets=buckets)


def test_normalised_text_is_words_alone() -> None:
    text = "== Héading ==\n* $x_1^2$ cost 30€, __label__1 [[Link|ﬁne]]\t日本"
    assert normalise(text, 1000) == "héading x cost label link fine 日本"
    assert normalise("one two three", 7) == "one two"


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2).filter(
        lambda rows: len({r[0] for r in rows}) == 2
    )
)
def test_auc_is_the_chance_that_a_positive_scores_higher(rows: list[tuple[bool, int]]) -> None:
    positives = [value for positive, value in rows if positive]
    negatives = [value for positive, value in rows if not positive]
    wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    labels, scores = np.array([positive for positive, _ in rows], dtype=np.int8), np.array([v for _, v in rows], float)
    assert auc(labels, scores) == pytest.approx(wins / (len(positives) * len(negatives)))


def test_precision_and_recall() -> None:
    labels, scores = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.5, 0.4, 0.6, 0.1])
    assert precision_recall(labels, scores, 0.5) == (2 / 3, 2 / 3)
    assert precision_recall(labels, scores, 1.0) == (0.0, 0.0)
