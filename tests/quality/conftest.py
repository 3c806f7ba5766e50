"""The planted corpus and the classifier that is trained on it."""

import pytest
from planted_corpus import BAD_WORDS, DECLARATION, GOOD_WORDS, Corpus, Planted, prose

from pipelines.store import Artifact
from quality.classifier.declaration import FastTextScorer
from quality.classifier.step import ensure_classifier


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Separable sources: 80 good and 80 bad documents and 10 of each held out; 60 pages of both kinds, and odd ones."""
    return Corpus(
        tmp_path_factory.mktemp("corpus"),
        {
            "good": prose(GOOD_WORDS, 1, 80) + prose(GOOD_WORDS, 2, 10, "held_out"),
            "bad": prose(BAD_WORDS, 3, 80) + prose(BAD_WORDS, 4, 10, "held_out"),
            "pages": [
                *prose(GOOD_WORDS, 5, 30),
                *prose(BAD_WORDS, 6, 30),
                Planted("?"),
                Planted("word"),
                Planted("Ein kurzer Satz.", language="de"),
            ],
        },
        {"good": "wiki", "bad": "web", "pages": "web"},
    )


@pytest.fixture
def scorer() -> FastTextScorer:
    return FastTextScorer.model_validate(DECLARATION)


@pytest.fixture(scope="session")
def classifier(corpus: Corpus) -> Artifact:
    declared = FastTextScorer.model_validate(DECLARATION)
    return ensure_classifier(corpus.store, declared, corpus.survivors, corpus.documents, [], print).artifact
