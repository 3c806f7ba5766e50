"""The gate: a source that loses too much stops what comes after, and says why."""

from pathlib import Path

import pytest
from dedup_corpora import deduplicate, some_words

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
    assert check.detail.startswith("crawl loses 40.0% of 10 documents, more than 30%; the largest clusters: 1 for ")
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


def test_a_share_of_an_unknown_source_is_refused(tmp_path: Path) -> None:
    parameters = DedupParameters(max_removed_share_by_source={"crawls": 0.4})
    with pytest.raises(PhaselineError, match="names crawls, which no declaration has"):
        deduplicate(tmp_path, CORPUS, parameters=parameters)
