"""Documents that break a rule come last, so that nothing is lost to one that is dropped later."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from dedup_corpora import deduplicate_documents, edited, rows, some_words, write_documents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.corpus import REMOVALS, SURVIVORS, survivors_within_rules
from pipelines.dedup import components
from pipelines.dedup.parameters import DedupParameters, RepeatedLines
from pipelines.digests import document_id
from pipelines.store import Artifact, Store

RULE, OTHER_RULE = "gopher_too_few_words", "c4_curly_brackets"
WORDS = some_words("base", 400)
BASE, FULLER = " ".join(WORDS), " ".join([*WORDS, *some_words("footer", 15)])
NEAR = edited(WORDS, 0.01)

Planted = Mapping[str, Sequence[tuple[str, str | None]]]  # source -> texts and the rule that each breaks


def deduplicate(folder: Path, corpus: Planted, **options: Any) -> Artifact:
    """Deduplicate a corpus in a store of its own; its sources stand in order of priority."""
    store = Store(folder)
    documents = [
        write_documents(
            store,
            source,
            [text for text, _ in planted],
            broken_rules={number: rule for number, (_, rule) in enumerate(planted) if rule},
        )
        for source, planted in corpus.items()
    ]
    return deduplicate_documents(store, documents, **options)


def survivors_of(artifact: Artifact) -> dict[str, tuple[str, str | None]]:
    """The source and the broken rule of each survivor by id."""
    return {row["id"]: (row["source"], row["broken_rule"]) for row in rows(artifact, SURVIVORS)}


def test_a_text_within_the_rules_of_any_source_is_within_them(tmp_path: Path) -> None:
    artifact = deduplicate(tmp_path, {"web": [(BASE, RULE), (BASE, RULE)], "wiki": [(BASE, None)]})
    (survivor,) = rows(artifact, SURVIVORS)
    assert (survivor["source"], survivor["broken_rule"]) == ("wiki", None)
    places = [(place["source"], place["locator"]) for place in survivor["places"]]
    assert places == [("wiki", "wiki/0000"), ("web", "web/0000"), ("web", "web/0001")]
    assert {row["survivor_source"] for row in rows(artifact, REMOVALS)} == {"wiki"}


def test_of_one_source_the_record_within_the_rules_stands_for_the_text(tmp_path: Path) -> None:
    """As with source code, where a rule may be one of paths."""
    artifact = deduplicate(tmp_path, {"code": [(BASE, RULE), (BASE, OTHER_RULE), (BASE, None), (BASE, None)]})
    (survivor,) = rows(artifact, SURVIVORS)
    assert survivor["broken_rule"] is None
    assert [place["locator"][-1] for place in survivor["places"]] == ["2", "3", "0", "1"]


def test_a_near_duplicate_within_the_rules_survives_a_fuller_one_of_a_preferred_source(tmp_path: Path) -> None:
    artifact = deduplicate(tmp_path, {"wiki": [(FULLER, RULE)], "web": [(BASE, None), (NEAR, RULE)]})
    assert survivors_of(artifact) == {document_id(BASE): ("web", None)}
    removed = {row["id"]: (row["step"], row["survivor_id"]) for row in rows(artifact, REMOVALS)}
    assert removed == {document_id(text): ("near", document_id(BASE)) for text in (FULLER, NEAR)}


def test_lines_of_documents_that_break_a_rule_cost_others_nothing(tmp_path: Path) -> None:
    lines = [" ".join(some_words(f"line {number}", 8)) for number in range(6)]
    page, part = "\n".join(lines), "\n".join(lines[:2])
    broken_page = deduplicate(tmp_path / "page", {"wiki": [(page, RULE)], "web": [(part, None)]})
    assert survivors_of(broken_page) == {document_id(page): ("wiki", RULE), document_id(part): ("web", None)}
    broken_part = deduplicate(tmp_path / "part", {"wiki": [(part, RULE)], "web": [(page, None)]})
    assert survivors_of(broken_part) == {document_id(page): ("web", None)}
    assert [row["step"] for row in rows(broken_part, REMOVALS)] == ["lines"]


def test_among_those_that_break_a_rule_sources_and_measures_decide(tmp_path: Path) -> None:
    corpus: Planted = {"wiki": [(BASE, RULE), (FULLER, OTHER_RULE)], "web": [(NEAR, RULE), (BASE, OTHER_RULE)]}
    assert survivors_of(deduplicate(tmp_path, corpus)) == {document_id(FULLER): ("wiki", OTHER_RULE)}


def test_only_survivors_within_the_rules_are_learnt_from(tmp_path: Path) -> None:
    other = " ".join(some_words("other", 50))
    artifact = deduplicate(tmp_path, {"web": [(BASE, None), (other, RULE)]})
    assert survivors_within_rules(artifact, domain="web", split="train")["id"].to_pylist() == [document_id(BASE)]
    assert len(survivors_of(artifact)) == 2


LINES = RepeatedLines(min_characters=8, max_share=0.8)
NOT_BY_LUCK = DedupParameters(shingle_words=2, bands=32, rows=1, repeated_lines=LINES, max_removed_share=1)
line = st.lists(st.sampled_from(["ant", "bee", "cat", "dog", "eel", "fox"]), min_size=1, max_size=5).map(" ".join)


@st.composite
def corpora(draw: st.DrawFn) -> Planted:
    """Texts made of a few lines, so that they repeat each other's in every way; each breaks a rule or none."""
    pool = draw(st.lists(line, min_size=3, max_size=6, unique=True))
    text = st.lists(st.sampled_from(pool), min_size=1, max_size=4).map("\n".join)
    planted = st.tuples(text, st.sampled_from([None, RULE, OTHER_RULE]))
    return {source: draw(st.lists(planted, min_size=1, max_size=9)) for source in ("a", "b", "c")}


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpus=corpora())
def test_documents_within_the_rules_fare_as_if_there_were_no_others(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, corpus: Planted
) -> None:
    monkeypatch.setattr(components, "TASK_BYTES", 1)  # each component is a task of its own
    folder = tmp_path_factory.mktemp("stores")
    together = deduplicate(folder / "together", corpus, parameters=NOT_BY_LUCK)
    within = {source: [(text, rule) for text, rule in planted if rule is None] for source, planted in corpus.items()}
    alone = deduplicate(folder / "alone", within, parameters=NOT_BY_LUCK)
    kept = survivors_of(together)
    assert {key: value for key, value in kept.items() if value[1] is None} == survivors_of(alone)
    texts = {document_id(text) for planted in within.values() for text, _ in planted}

    def removals(artifact: Artifact) -> dict[str, Any]:
        near_or_lines = [row for row in rows(artifact, REMOVALS) if row["step"] != "exact" and row["id"] in texts]
        return {row["id"]: (row["step"], row["survivor_id"], row["similarity"]) for row in near_or_lines}

    assert removals(together) == removals(alone)
