"""Thresholds are fitted once, to the tokens of training documents within the rules, and kept."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from scored_corpus import SCORERS, Planted, ScoredCorpus, declared, ignore, ladder

from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.store import Artifact, NotCurrentError, Store
from quality.bucketing.buckets import ensure_buckets
from quality.bucketing.thresholds import THRESHOLDS

GERMAN = ladder("de", 20, language="de", num_tokens=20)
PAGES = [
    *ladder("en", 40),
    *ladder("fr", 3, language="fr"),
    *ladder("later", 5, split="held_out"),
    *ladder("rule", 4, broken_rule="gopher_bullets"),
    Planted("silent", {"prose": "no_words", "form": "not_measured"}),
    Planted("half", {"prose": "no_words", "form": -50.0}, language="de", num_tokens=20),
]
FITTED = [*PAGES[:43], PAGES[-1], *GERMAN]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ScoredCorpus:
    return ScoredCorpus(tmp_path_factory.mktemp("home"), {"pages": PAGES, "german": GERMAN})


@pytest.fixture(scope="module")
def thresholds(corpus: ScoredCorpus) -> Artifact:
    return corpus.thresholds().artifact


def cuts(artifact: Artifact, scorer: str, stratum: str) -> list[tuple[float, str]]:
    rows = pq.read_table(artifact.folder / THRESHOLDS).to_pylist()
    assert [row["level"] for row in rows if (row["scorer"], row["stratum"]) == (scorer, stratum)] == list(range(1, 20))
    return [(row["score"], row["id"]) for row in rows if (row["scorer"], row["stratum"]) == (scorer, stratum)]


def test_each_level_of_a_language_begins_at_its_twentieth(thresholds: Artifact) -> None:
    english = {one.scores["prose"]: one.id for one in PAGES[:40]}
    assert cuts(thresholds, "prose", "en") == [(2.0 * level, english[2.0 * level]) for level in range(1, 20)]
    assert cuts(thresholds, "prose", "de") == [(float(level), GERMAN[level].id) for level in range(1, 20)]


def test_the_weight_is_that_of_tokens(thresholds: Artifact) -> None:
    """Of all documents together, the German ones count twice."""
    scored = sorted(
        (one.scores["prose"], one.id, one.num_tokens) for one in FITTED if one.scores["prose"] != "no_words"
    )
    total = sum(num_tokens for *_, num_tokens in scored)
    below, expected = 0, []
    for score, document, num_tokens in scored:
        below += num_tokens
        while len(expected) < 19 and 20 * below > total * (len(expected) + 1):
            expected.append((score, document))
    assert cuts(thresholds, "prose", "all") == expected


def test_held_out_documents_and_those_that_break_a_rule_move_no_threshold(thresholds: Artifact, tmp_path: Path) -> None:
    alone = ScoredCorpus(tmp_path, {"pages": [*PAGES[:43], *PAGES[-2:]], "german": GERMAN})
    assert pq.read_table(alone.thresholds().artifact.folder / THRESHOLDS).equals(
        pq.read_table(thresholds.folder / THRESHOLDS)
    )


def test_every_survivor_is_accounted_for(thresholds: Artifact) -> None:
    dropped = {"held_out": 5, "broken_rule": 4, "unscored": 1}
    assert thresholds.record.flows == {"documents": Flow(num_in=74, num_kept=64, dropped=dropped)}


def test_facts_are_of_the_fitted_documents(thresholds: Artifact) -> None:
    facts = thresholds.record.facts
    assert (facts["num_documents"], facts["num_tokens"], facts["num_bytes"]) == (64, 850, 786)
    assert facts["strata"]["form"] == {
        "de": {"num_documents": 21, "num_tokens": 420, "has_thresholds": True},
        "en": {"num_documents": 40, "num_tokens": 400, "has_thresholds": True},
        "fr": {"num_documents": 3, "num_tokens": 30, "has_thresholds": False},
    }
    assert facts["without_score"] == {"form": {"not_measured": 1}, "prose": {"no_words": 2}}
    assert facts["rank_correlations"] == [{"scorers": ["prose", "form"], "spearman": pytest.approx(-1)}]
    of_prose = facts["levels_by_scorer"]["prose"]
    assert {name: sum(of_levels) for name, of_levels in of_prose.items()} == {
        "num_documents": 63,
        "num_tokens": 830,
        "num_bytes": 767,
    }
    assert sum(facts["levels"]["num_documents"]) == 64
    assert facts["levels"]["num_tokens"][:5] == [20, 0, 0, 0, 0]  # what one scorer likes least the other likes best


def test_plots_are_beside_the_thresholds(thresholds: Artifact) -> None:
    assert [path.name for path in thresholds.files("*.png")] == ["levels.png", "scores.png"]


def test_new_names_of_buckets_fit_nothing_again(corpus: ScoredCorpus, thresholds: Artifact) -> None:
    again = corpus.thresholds(buckets=[{"name": "everything", "min_level": 0}])
    assert (again.artifact.name, again.changes) == (thresholds.name, [])


@pytest.mark.usefixtures("thresholds")
@pytest.mark.parametrize(
    ("changes", "scorers", "why"),
    [
        ({"fit": 2}, SCORERS, "fit 1 → 2"),
        ({"stratify_by": None}, SCORERS, "stratify_by 'language' → None"),
        ({"scorers": ["prose"]}, SCORERS, "scorers.form {'scorer': 'rules', 'classifier': None} → None"),
        ({}, SCORERS | {"prose": "another model"}, "scorers.prose.scorer 'a model' → 'another model'"),
    ],
)
def test_what_is_declared_anew_is_fitted_again(
    corpus: ScoredCorpus, changes: dict[str, object], scorers: dict[str, str], why: str
) -> None:
    later = ScoredCorpus(corpus.root, corpus.sources, scorers)
    later.store = Store(corpus.root, only_look=True)
    with pytest.raises(NotCurrentError) as error:
        later.thresholds(**changes)
    assert error.value.changes[0] == why


def test_a_classifier_that_is_fitted_again_has_thresholds_of_its_own(tmp_path: Path) -> None:
    sources = {"pages": PAGES, "german": GERMAN}
    before = ScoredCorpus(tmp_path, sources, fit=1)
    before.thresholds()
    assert before.thresholds().changes == []
    fitted_again = ScoredCorpus(tmp_path, sources, fit=2)
    mixed = {**before.scores, "prose": [before.scores["prose"][0], fitted_again.scores["prose"][1]]}
    kept = before.store.require("thresholds/web")
    assert fitted_again.thresholds().changes[0].startswith("scorers.prose.classifier ")
    with pytest.raises(PhaselineError, match="cuts other scores than those by prose"):
        ensure_buckets(before.store, declared(), kept, fitted_again.scores, before.corpus, ignore)
    fitted_again.scores = mixed
    with pytest.raises(PhaselineError, match="by different declarations or fits of prose"):
        fitted_again.thresholds()


def test_the_same_documents_in_other_sources_give_the_same_bytes(tmp_path: Path, thresholds: Artifact) -> None:
    other = ScoredCorpus(tmp_path, {"a": [*reversed(PAGES), *GERMAN[10:]], "b": GERMAN[:10]})
    assert other.thresholds().artifact.digest == thresholds.digest


def test_a_scorer_without_a_training_score_is_refused(tmp_path: Path) -> None:
    silent = [Planted("a", {"prose": 1.0, "form": "not_measured"}), *ladder("later", 3, split="held_out")]
    with pytest.raises(PhaselineError, match="form scores no training document of web"):
        ScoredCorpus(tmp_path, {"pages": silent}).thresholds()


def test_scores_by_two_declarations_of_a_scorer_are_refused(tmp_path: Path) -> None:
    corpus = ScoredCorpus(tmp_path, {"pages": PAGES, "german": GERMAN})
    corpus.scorers = SCORERS | {"prose": "another model"}
    corpus.scores["prose"][1] = corpus.make_scores("prose", "german")
    with pytest.raises(PhaselineError, match=r"pages/1@1 and scores/prose/german/1@2 are by different declarations"):
        corpus.thresholds()
