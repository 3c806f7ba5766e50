"""Deduplication against its definition, in plain Python over all pairs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest
from dedup_corpora import Corpus, deduplicate, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.corpus import REMOVALS, SURVIVORS
from pipelines.dedup import components
from pipelines.dedup.parameters import DedupParameters, RepeatedLines
from pipelines.digests import document_id

LINES = RepeatedLines(min_characters=8, max_share=0.8)

# Nothing may depend on the luck of the hashes. With one row a band every pair of some similarity is looked at. With
# many rows only pairs of equal shingles are, the only near duplicates then; so lines alone join other documents.
PARAMETERS = {
    "near": DedupParameters(shingle_words=2, bands=32, rows=1, repeated_lines=None),
    "near and lines": DedupParameters(shingle_words=2, bands=32, rows=1, repeated_lines=LINES),
    "equal and lines": DedupParameters(shingle_words=2, bands=2, rows=16, threshold=1, repeated_lines=LINES),
}
SOURCES = ("a", "b", "c")

Outcome = tuple[str, str, float]  # the step, the survivor's id, and the similarity to it


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


def shingles_of(text: str) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    width = min(2, len(words))
    return {tuple(words[i : i + width]) for i in range(len(words) - width + 1)}


def jaccard(left: str, right: str) -> float:
    a, b = shingles_of(left), shingles_of(right)
    return len(a & b) / len(a | b)


def expected(corpus: Corpus, parameters: DedupParameters) -> dict[str, Outcome | None]:
    """What becomes of each different text, by id."""
    priority = {text: number for number, source in reversed(list(enumerate(corpus))) for text in corpus[source]}
    order = sorted(priority, key=lambda text: (priority[text], -len(text.encode()), document_id(text)))
    kept: list[str] = []
    outcomes: dict[str, Outcome | None] = {}
    for text in order:
        outcome = near(text, kept, parameters) or repeated(text, kept, parameters)
        outcomes[document_id(text)] = outcome
        if outcome is None:
            kept.append(text)
    return outcomes


def near(text: str, kept: Sequence[str], parameters: DedupParameters) -> Outcome | None:
    similar = [other for other in kept if jaccard(text, other) >= parameters.threshold]
    return (
        ("near", document_id(similar[0]), jaccard(text, similar[0])) if len(similar) == 1 else AMBIGUOUS[bool(similar)]
    )


AMBIGUOUS: Mapping[bool, Outcome | None] = {True: ("near", "any", 0.0), False: None}


def repeated(text: str, kept: Sequence[str], parameters: DedupParameters) -> Outcome | None:
    declared = parameters.repeated_lines
    if declared is None:
        return None
    owned: Counter[str] = Counter()
    for line in lines_of(text):
        owner = next((other for other in kept if line in lines_of(other)), None)
        if len(line) >= declared.min_characters and owner is not None:
            owned[owner] += len(line)
    total = sum(map(len, lines_of(text)))
    if not owned or owned.total() < declared.max_share * total:
        return None
    best = max(owned.values())
    owner = next(other for other in kept if owned[other] == best)
    return "lines", document_id(owner), owned.total() / total


WORDS = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"]
lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)


@st.composite
def corpora(draw: st.DrawFn) -> dict[str, list[str]]:
    """Texts made of a few lines, so that they repeat each other's in every way."""
    pool = draw(st.lists(lines, min_size=4, max_size=8, unique=True))
    text = st.lists(st.sampled_from(pool), min_size=1, max_size=4).map("\n".join)
    return {source: draw(st.lists(text | text.map(str.upper), min_size=2, max_size=9)) for source in SOURCES}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpus=corpora())
@pytest.mark.parametrize("kind", PARAMETERS)
def test_every_document_fares_as_defined(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, kind: str, corpus: dict[str, list[str]]
) -> None:
    monkeypatch.setattr(components, "TASK_BYTES", 1)  # each component is a task of its own
    parameters = PARAMETERS[kind]
    artifact = deduplicate(tmp_path_factory.mktemp("store"), corpus, parameters=parameters)
    removals = {row["id"]: row for row in rows(artifact, REMOVALS) if row["step"] != "exact"}
    outcomes = expected(corpus, parameters)
    assert {row["id"] for row in rows(artifact, SURVIVORS)} == {key for key, value in outcomes.items() if value is None}
    texts = {document_id(text): text for of_source in corpus.values() for text in of_source}
    kept = [texts[key] for key, value in outcomes.items() if value is None]
    assert all(jaccard(left, right) < parameters.threshold for left, right in combinations(kept, 2))
    for key, outcome in outcomes.items():
        if outcome is None:
            continue
        step, survivor, similarity = outcome
        assert removals[key]["step"] == step
        if survivor == "any":  # several survivors are similar: any of them may be named
            similarity = jaccard(texts[key], texts[removals[key]["survivor_id"]])
            assert similarity >= parameters.threshold
        else:
            assert removals[key]["survivor_id"] == survivor
        assert removals[key]["similarity"] == pytest.approx(similarity, abs=1e-6)
