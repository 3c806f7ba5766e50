"""The gate: a source that loses too much stops what comes after, and says why."""

from pathlib import Path

import pytest
from dedup_corpora import deduplicate, deduplicate_documents, some_words, write_documents

from pipelines.dedup.parameters import DedupParameters
from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Artifact, Draft, Store

TEXTS = [" ".join(some_words(f"gate {i}", 60)) for i in range(10)]
CORPUS = {
    "wiki": TEXTS,
    "crawl": [*TEXTS[:3], TEXTS[3] + " more", *(" ".join(some_words(f"own {i}", 60)) for i in range(6))],
}


def gate(artifact: Artifact) -> Check:
    (check,) = [check for check in artifact.record.checks if check.name == "removed_share"]
    return check


def test_a_source_that_loses_more_than_its_share_is_named_with_its_clusters(tmp_path: Path) -> None:
    check = gate(deduplicate(tmp_path, CORPUS, parameters=DedupParameters()))
    assert check.blocks
    assert check.detail.startswith(
        "crawl loses 40.0% of 10 documents within the rules, more than 30%; the largest clusters: 1 for "
    )
    assert sum(text[:100] in check.detail for text in TEXTS[:4]) == 3
    assert "wiki loses" not in check.detail


def test_nothing_is_made_from_what_the_gate_stopped(tmp_path: Path) -> None:
    artifact = deduplicate(tmp_path, CORPUS, parameters=DedupParameters())

    def make(_: Draft) -> None:
        raise AssertionError("made")

    with pytest.raises(PhaselineError, match="removed_share"):
        Store(tmp_path).ensure("shards/wiki", make, code_version="1", parameters={}, parents=[artifact])


@pytest.mark.parametrize(
    ("parameters", "passed"),
    [
        (DedupParameters(max_removed_share=0.4), True),
        (DedupParameters(max_removed_share=0.39), False),
        (DedupParameters(max_removed_share_by_source={"crawl": 0.4}), True),
        (DedupParameters(max_removed_share=1, max_removed_share_by_source={"crawl": 0.3}), False),
    ],
)
def test_the_bound_is_declared_for_all_sources_or_for_one(
    tmp_path: Path, parameters: DedupParameters, passed: bool
) -> None:
    assert gate(deduplicate(tmp_path, CORPUS, parameters=parameters)).passed == passed


OTHERS = [" ".join(some_words(f"other {i}", 60)) for i in range(30)]


@pytest.mark.parametrize("that_break_a_rule", [[], OTHERS, [*TEXTS, *(text + " more" for text in TEXTS)]])
@pytest.mark.parametrize(("bound", "passed"), [(0.4, True), (0.39, False)])
def test_documents_that_break_a_rule_make_a_source_neither_better_nor_worse(
    tmp_path: Path, that_break_a_rule: list[str], bound: float, passed: bool
) -> None:
    store = Store(tmp_path)
    crawl = [*CORPUS["crawl"], *that_break_a_rule]
    broken_rules = dict.fromkeys(range(len(CORPUS["crawl"]), len(crawl)), "c4_curly_brackets")
    documents = [
        write_documents(store, "wiki", CORPUS["wiki"]),
        write_documents(store, "crawl", crawl, broken_rules=broken_rules),
    ]
    check = gate(deduplicate_documents(store, documents, parameters=DedupParameters(max_removed_share=bound)))
    assert check.passed == passed
    assert passed or check.detail.startswith(
        "crawl loses 40.0% of 10 documents within the rules, more than 39%; the largest clusters: 1 for "
    )


def test_a_source_without_documents_within_the_rules_loses_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    documents = [
        write_documents(store, "wiki", TEXTS),
        write_documents(store, "crawl", TEXTS, broken_rules=dict.fromkeys(range(len(TEXTS)), "c4_curly_brackets")),
    ]
    assert gate(deduplicate_documents(store, documents, parameters=DedupParameters(max_removed_share=0))).passed


def test_a_share_of_an_unknown_source_is_refused(tmp_path: Path) -> None:
    parameters = DedupParameters(max_removed_share_by_source={"crawls": 0.4})
    with pytest.raises(PhaselineError, match="names crawls, which no declaration has"):
        deduplicate(tmp_path, CORPUS, parameters=parameters)
