"""Every surviving document of the domain is scored and bucketed, with exact shares and by training bytes alone."""

import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_corpus import BAD_WORDS, DECLARATION, GOOD_WORDS, Corpus, prose

from pipelines.corpus import SCORES, survivors
from pipelines.digests import document_id
from pipelines.errors import PhaselineError
from pipelines.store import Artifact
from quality.bucketing.buckets import bucket_indices, byte_percentiles
from quality.classifier.declaration import Bucket, ClassifierDeclaration
from quality.classifier.step import ensure_classifier
from quality.scoring.step import ensure_scores

BUCKETS = (
    Bucket(name="high", min_percentile=75),
    Bucket(name="medium", min_percentile=30),
    Bucket(name="low", min_percentile=0),
)


@pytest.fixture(scope="module")
def scores(corpus: Corpus) -> Artifact:
    declaration = ClassifierDeclaration.model_validate(DECLARATION)
    arguments = (corpus.dedup, corpus.documents, print)
    classifier = ensure_classifier(corpus.store, declaration, *arguments).artifact
    return ensure_scores(corpus.store, declaration, classifier, *arguments).artifact


def test_every_surviving_document_of_the_domain_has_a_row(corpus: Corpus, scores: Artifact) -> None:
    ids = pq.read_table(scores.folder / SCORES)["id"].to_pylist()
    assert ids == survivors(corpus.dedup, domain="web")["id"].to_pylist()
    assert len(ids) == 153
    assert scores.record.flows["documents"].num_lost == 0
    assert scores.record.facts["num_held_out_documents"] == 10


def test_good_pages_are_high_and_bad_ones_are_not(scores: Artifact) -> None:
    buckets = {row["id"]: row["bucket"] for row in pq.read_table(scores.folder / SCORES).to_pylist()}
    assert {buckets[document_id(page.text)] for page in prose(GOOD_WORDS, 5, 30)} == {"high"}
    assert [buckets[document_id(page.text)] for page in prose(BAD_WORDS, 6, 30)].count("high") <= 2


@pytest.mark.parametrize("text", ["?", "word", "Ein kurzer Satz."])
def test_documents_of_hardly_a_word_have_finite_scores(scores: Artifact, text: str) -> None:
    rows = {row["id"]: row for row in pq.read_table(scores.folder / SCORES).to_pylist()}
    row = rows[document_id(text)]
    assert math.isfinite(row["score"])
    assert 0 <= row["score"] <= 1


def test_a_language_of_one_document_stands_in_the_middle(scores: Artifact) -> None:
    rows = {row["id"]: row for row in pq.read_table(scores.folder / SCORES).to_pylist()}
    row = rows[document_id("Ein kurzer Satz.")]
    assert (row["percentile"], row["bucket"]) == (50, "medium")
    assert scores.record.facts["thresholds"]["de"] == {"medium": pytest.approx(row["score"])}


def test_a_domain_without_documents_is_refused(corpus: Corpus, declaration: ClassifierDeclaration) -> None:
    arguments = (corpus.dedup, corpus.documents, print)
    classifier = ensure_classifier(corpus.store, declaration, *arguments).artifact
    of_code = declaration.model_copy(update={"domain": "code", "name": "code"})
    with pytest.raises(PhaselineError, match="no training document of code survived"):
        ensure_scores(corpus.store, of_code, classifier, *arguments)


def test_equal_documents_fill_buckets_exactly() -> None:
    generator = np.random.default_rng(1)
    scores = generator.permutation(200) / 200
    ids = [f"{index:03d}" for index in range(200)]
    percentiles = byte_percentiles(scores, ids, np.full(200, 10), np.ones(200, bool))
    assert np.bincount(bucket_indices(percentiles, BUCKETS)).tolist() == [50, 90, 60]
    assert scores[bucket_indices(percentiles, BUCKETS) == 0].min() == 0.75


def test_ties_are_broken_by_id() -> None:
    ids = [f"{index:03d}" for index in reversed(range(20))]
    percentiles = byte_percentiles(np.full(20, 0.5), ids, np.full(20, 7), np.ones(20, bool))
    assert percentiles.tolist() == [97.5 - 5 * index for index in range(20)]


def test_shares_are_of_bytes() -> None:
    percentiles = byte_percentiles(np.array([0.1, 0.2, 0.3]), list("abc"), np.array([30, 45, 25]), np.ones(3, bool))
    assert percentiles.tolist() == [15, 52.5, 87.5]
    assert bucket_indices(percentiles, BUCKETS).tolist() == [2, 1, 0]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 1000), st.booleans()), min_size=1, max_size=40))
def test_held_out_documents_move_no_percentile(rows: list[tuple[float, int, bool]]) -> None:
    scores, num_bytes = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    in_training = np.array([row[2] for row in rows])
    ids = [f"{index:03d}" for index in range(len(rows))]
    with_all = byte_percentiles(scores, ids, num_bytes, in_training)
    of_training = [identity for identity, kept in zip(ids, in_training, strict=True) if kept]
    alone = byte_percentiles(scores[in_training], of_training, num_bytes[in_training], in_training[in_training])
    assert with_all[in_training].tolist() == alone.tolist()
    assert ((with_all >= 0) & (with_all <= 100)).all()
    order = np.lexsort((ids, scores))
    assert (np.diff(with_all[order]) >= 0).all()
