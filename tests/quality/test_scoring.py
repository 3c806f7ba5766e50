"""Every document gets a score or a reason, in files beside the documents' own; nothing depends on workers or kills."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_corpus import BAD_WORDS, GOOD_WORDS, prose
from scored_documents import (
    MEASURES,
    ODD_TEXTS,
    WITH_WORDS,
    Planted,
    make_documents,
    outcomes,
    score,
    score_rows,
)

from pipelines.digests import document_id
from pipelines.documents import DOCUMENTS
from pipelines.filters import Filters
from pipelines.filters.gopher import GopherQuality
from pipelines.record import Flow
from pipelines.store import Artifact, Store
from quality.classifier.declaration import FastTextScorer
from quality.scoring import kinds
from quality.scoring.declaration import HeuristicScorer
from quality.scoring.heuristic import weighted_mean
from quality.scoring.table import SCORE_FILES, SCORES_SCHEMA, scores_of

SCORER = HeuristicScorer.model_validate(
    {
        "name": "form",
        "domain": "web",
        "kind": "heuristic",
        "terms": [
            {"measure": "num_words", "worst": 0, "best": 100, "weight": 3},
            {"measure": "bullet_lines", "worst": 0.5, "best": 0},
        ],
    }
)
FILES = [
    [
        Planted("half the words, no bullets", {"num_words": 50, "bullet_lines": 0}),
        Planted("rejected on the way", {"num_words": 100, "bullet_lines": 0}, reason="too_short"),
        Planted("more than enough words, half of the bullets", {"num_words": 1000, "bullet_lines": 0.25}),
        Planted("nothing but bullets", {"num_words": 0, "bullet_lines": 0.9}),
        Planted("never measured"),
        Planted("measured by halves", {"num_words": 10}),
    ],
    [],
    [Planted("the best", {"num_words": 100, "bullet_lines": 0})],
]
EXPECTED = [0.625, 0.875, 0.0, "not_measured", "not_measured", 1.0]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece is a row group."""
    monkeypatch.setattr(kinds, "PIECE_BYTES", 1)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, Artifact]:
    """The documents, and their scores by one worker, each file in one piece."""
    store = Store(tmp_path_factory.mktemp("scored"))
    documents = make_documents(store, FILES)
    return documents, score(store, SCORER, documents)


def test_heuristic_scores_are_weighted_means_of_ramps(scored: tuple[Artifact, Artifact]) -> None:
    _, scores = scored
    assert scores.asset == "scores/form/pages/1"
    assert outcomes(scores) == EXPECTED


def test_each_file_of_documents_has_one_of_scores_with_its_rows(scored: tuple[Artifact, Artifact]) -> None:
    documents, scores = scored
    assert [path.name for path in scores.files(SCORE_FILES)] == [f"scores-0000{number}.parquet" for number in range(3)]
    for of_documents, of_scores in zip(documents.files(DOCUMENTS), scores.files(SCORE_FILES), strict=True):
        table = pq.read_table(of_scores)
        assert table.schema.equals(SCORES_SCHEMA)
        assert table["id"].to_pylist() == pq.read_table(of_documents)["id"].to_pylist()


def test_facts_and_flows_count_every_document(scored: tuple[Artifact, Artifact]) -> None:
    record = scored[1].record
    assert record.flows == {"documents": Flow(num_in=6, num_kept=6)}
    assert (record.parameters["source"], record.parameters["snapshot"]) == ("pages", "1")
    assert record.facts["num_scored"] == 4
    assert record.facts["num_without_score"] == {"not_measured": 2}
    assert record.facts["score_quantiles"]["0.5"] == 0.75
    counts = record.facts["score_histogram"]["num_documents"]
    assert {place: count for place, count in enumerate(counts) if count} == {0: 1, 12: 1, 17: 1, 19: 1}


def test_two_workers_and_other_pieces_give_the_same_bytes(
    tmp_path: Path, scored: tuple[Artifact, Artifact], small_pieces: None
) -> None:
    store = Store(tmp_path)
    assert score(store, SCORER, make_documents(store, FILES), workers=2).digest == scored[1].digest


KILLED_AFTER_TWO_TASKS = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import scored_documents, test_scoring
from pipelines.engines import LocalEngine
from pipelines.store import Store
from quality.scoring import kinds

class Killed(LocalEngine):
    def run_tasks(self, folder, ranks):
        yield from super().run_tasks(folder, ranks[:2])
        os.kill(os.getpid(), signal.SIGKILL)

kinds.PIECE_BYTES = 1
scored_documents.LocalEngine = Killed
store = Store(Path({home!r}))
scored_documents.score(store, test_scoring.SCORER, scored_documents.make_documents(store, test_scoring.FILES))
"""


def test_a_killed_run_goes_on(tmp_path: Path, scored: tuple[Artifact, Artifact], small_pieces: None) -> None:
    script = KILLED_AFTER_TWO_TASKS.format(tests=str(Path(__file__).parent), home=str(tmp_path / "killed"))
    killed = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    store = Store(tmp_path / "killed")
    reports: list[str] = []
    resumed = score(store, SCORER, make_documents(store, FILES), reports=reports)
    assert "going on: 2 of 5 tasks were completed before" in reports
    assert resumed.digest == scored[1].digest


def test_scores_are_found_in_the_order_of_rows(tmp_path: Path, scored: tuple[Artifact, Artifact]) -> None:
    store = Store(tmp_path)
    of_pages = scored[1]
    news = [[Planted("nothing but bullets", {"num_words": 100, "bullet_lines": 0.9})]]
    of_news = score(store, SCORER, make_documents(store, news, source="news"))
    wanted = [
        ("pages", "the best"),
        ("news", "nothing but bullets"),
        ("pages", "never measured"),
        ("pages", FILES[0][0].text),
    ]
    rows = pa.table({"source": [source for source, _ in wanted], "id": [document_id(text) for _, text in wanted]})
    found = scores_of(rows, [of_news, of_pages])
    assert found.to_pydict() == {"score": [1.0, 0.75, None, 0.625], "reason": [None, None, "not_measured", None]}
    with pytest.raises(ValueError, match=r"1 documents of news are not in \['scores/form/news/1@1'\]"):
        scores_of(pa.table({"source": ["news"], "id": [document_id("the best")]}), [of_news, of_pages])


def test_a_document_in_two_places_has_the_score_of_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    twice = [[Planted("twice", {"num_words": words, "bullet_lines": 0}) for words in (0, 100)]]
    scores = score(store, SCORER, make_documents(store, twice))
    assert outcomes(scores) == [0.25, 1.0]
    rows = pa.table({"source": ["pages"], "id": [document_id("twice")]})
    assert scores_of(rows, [scores])["score"].to_pylist() == [0.25]


VALUES = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20), st.integers(0, 1))
def test_a_better_value_never_has_a_lower_score(values: list[tuple[float, float]], place: int) -> None:
    before = np.array(values)
    better = before.copy()
    better[:, place] += 10 if place == 0 else -0.1  # more words, fewer bullets
    scores, raised = (weighted_mean(array, SCORER.terms) for array in (before, better))
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (raised >= scores).all()


def test_odd_documents_get_the_score_of_a_classifier_or_a_reason(
    tmp_path: Path, scorer: FastTextScorer, classifier: Artifact
) -> None:
    store = Store(tmp_path)
    documents = make_documents(store, [[Planted(text) for text in ODD_TEXTS]])
    scores = score(store, scorer, documents, classifier)
    num_with_words = len(WITH_WORDS)
    expected = ["no_words"] * (len(ODD_TEXTS) - num_with_words) + [None] * num_with_words
    assert [row["reason"] for row in score_rows(scores)] == expected
    assert all(0 <= row["score"] <= 1 for row in score_rows(scores) if row["reason"] is None)
    assert [parent.asset for parent in scores.record.parents] == ["documents/pages/1", classifier.asset]


def test_a_classifier_scores_the_languages_that_it_has_learnt(
    tmp_path: Path, scorer: FastTextScorer, classifier: Artifact
) -> None:
    store = Store(tmp_path)
    planted = [Planted("a plain sentence"), Planted("ein einfacher Satz", language="de"), Planted("?", language="de")]
    rows = score_rows(score(store, scorer, make_documents(store, [planted]), classifier))
    assert [row["reason"] for row in rows] == [None, "other_language", "other_language"]


def test_odd_documents_get_the_score_of_their_measures(tmp_path: Path) -> None:
    texts, languages = pa.array(ODD_TEXTS, pa.large_string()), ["en"] * len(ODD_TEXTS)
    measured = Filters(gopher_quality=GopherQuality()).measure(texts, languages, languages)
    planted = [
        Planted(text, {name: float(measured[name][row]) for name in MEASURES}) for row, text in enumerate(ODD_TEXTS)
    ]
    scores = score(Store(tmp_path), SCORER, make_documents(Store(tmp_path), [planted]))
    assert all(0 <= row["score"] <= 1 for row in score_rows(scores))


def test_good_pages_score_higher_than_bad_ones_by_a_classifier(
    tmp_path: Path, scorer: FastTextScorer, classifier: Artifact
) -> None:
    store = Store(tmp_path)
    pages = [
        [Planted(page.text) for page in prose(words, seed, 20)] for words, seed in ((GOOD_WORDS, 5), (BAD_WORDS, 6))
    ]
    scores = score(store, scorer, make_documents(store, pages), classifier, workers=2)
    good, bad = (pq.read_table(path)["score"].to_pylist() for path in scores.files(SCORE_FILES))
    assert min(good) > max(bad)
