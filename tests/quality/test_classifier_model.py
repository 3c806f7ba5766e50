"""Scores are those of fastText itself, calibrated, finite for any text, and made of what the words say."""

import math
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_corpus import BAD_WORDS, DECLARATION, GOOD_WORDS, prose

from pipelines.digests import document_id
from pipelines.store import Artifact
from quality.classifier.declaration import FastTextScorer
from quality.classifier.explain import word_contributions
from quality.classifier.linear import END_OF_LINE, POSITIVE, logits, read_model
from quality.classifier.model import CrossFitted
from quality.classifier.split import folds_of
from quality.classifier.train import model_path, train_model

TEXTS = [
    *(page.text for page in prose(GOOD_WORDS, 31, 10) + prose(BAD_WORDS, 32, 10)),
    *("", "unheardof", "of", "unheard of things", "ünïcode 日 本", "the the the", "a " * 5000 + "a"),
]


@pytest.fixture(scope="module", params=[1, 2, 4])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of words and n-grams."""
    path = tmp_path_factory.mktemp("model") / "model.bin"
    parameters = DECLARATION["fasttext"] | {"word_ngrams": request.param, "learning_rate": 1.0, "num_epochs": 30}
    pages = prose(GOOD_WORDS, 1, 30) + prose(BAD_WORDS, 2, 30)
    words = pa.array([f"{page.text} ünïcode" for page in pages], pa.large_string())
    scorer = FastTextScorer.model_validate(DECLARATION | {"fasttext": parameters})
    train_model(path, words, np.repeat([1, 0], 30), scorer)
    return path


def test_logits_are_those_of_fasttext(trained: Path) -> None:
    labels, probabilities = fasttext.load_model(str(trained)).predict(TEXTS, k=2)
    expected = [float(row[names.index(POSITIVE)]) for names, row in zip(labels, probabilities, strict=True)]
    rows = np.arange(len(TEXTS))
    found = 1 / (1 + np.exp(-logits(read_model(trained), pa.array(TEXTS, pa.large_string()), rows)))
    assert found.tolist() == pytest.approx(expected, abs=2e-5)  # fastText adds 1e-5 before it takes a logarithm
    assert np.ptp(found) > 0.5


def test_contributions_add_up_to_the_logit(trained: Path) -> None:
    model = read_model(trained)
    for text in TEXTS[:-1]:
        (whole,) = logits(model, pa.array([text], pa.large_string()), np.arange(1))
        parts = word_contributions(model, text)
        assert set(parts) == {*text.split(), END_OF_LINE}
        assert sum(parts.values()) == pytest.approx(whole, abs=1e-6)


def test_a_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("__label__a one\n__label__b two\n" * 5)
    model = fasttext.train_supervised(str(tmp_path / "lines.txt"), dim=2, thread=1, verbose=0)
    model.save_model(str(tmp_path / "model.bin"))
    with pytest.raises(ValueError, match="tells \\['__label__a', '__label__b'\\] apart"):
        read_model(tmp_path / "model.bin")


@pytest.fixture(scope="module")
def cross_fitted(classifier: Artifact) -> CrossFitted:
    return CrossFitted(classifier.folder)


def test_documents_are_scored_by_their_folds_in_any_batch(cross_fitted: CrossFitted, classifier: Artifact) -> None:
    texts = pa.array([*TEXTS, *TEXTS], pa.large_string())
    ids = pa.array([*map(document_id, TEXTS), *map(document_id, reversed(TEXTS))])
    scores, _ = cross_fitted.score(ids, texts)
    one_by_one = [cross_fitted.score(ids[row : row + 1], texts[row : row + 1])[0] for row in range(len(ids))]
    assert scores.tolist() == np.concatenate(one_by_one).tolist()
    for row, fold in enumerate(folds_of(ids.to_pylist(), 3).tolist()):
        words = pa.array([text.as_py()[:1000] for text in texts[row : row + 1]], pa.large_string())
        of_fold = logits(read_model(model_path(classifier.folder, fold)), words, np.arange(1))
        assert scores[row] == np.float32(cross_fitted.calibrations[fold].probabilities(of_fold)[0])


@given(st.text(), st.sampled_from(["", "\x00\x7f\ufffd" * 50, "0x1F 42", "slovo słowo 言葉 ", "word " * 30_000]))
def test_any_text_has_a_finite_score(cross_fitted: CrossFitted, text: str, odd: str) -> None:
    scores, has_words = cross_fitted.score(pa.array(["0" * 32]), pa.array([odd + text], pa.large_string()))
    assert math.isfinite(scores[0])
    assert 0 <= scores[0] <= 1
    assert has_words[0] or not any(map(str.isalpha, odd))


def test_a_text_without_words_is_told_apart(cross_fitted: CrossFitted) -> None:
    texts = pa.array(["", "12 + 30", "?", "word"], pa.large_string())
    _, has_words = cross_fitted.score(pa.array(["0" * 32] * 4), texts)
    assert has_words.tolist() == [False, False, False, True]
    scores, has_words = cross_fitted.score(pa.array([], pa.string()), pa.array([], pa.large_string()))
    assert (len(scores), len(has_words)) == (0, 0)


def test_the_words_that_speak_for_and_against_are_the_planted_ones(cross_fitted: CrossFitted) -> None:
    text = "The evidence of a treaty, and the treaty itself: click to subscribe!"
    explained = cross_fitted.explain(document_id(text), text, 2)
    assert [word for word, _ in explained[:2]] == ["treaty", "evidence"]
    assert {word for word, _ in explained[2:]} == {"click", "subscribe"}
    parts = [part for _, part in explained]
    assert parts == sorted(parts, reverse=True)
    assert parts[1] > 0 > parts[2]
    assert cross_fitted.explain(document_id("?"), "?", 2) == []
