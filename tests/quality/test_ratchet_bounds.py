"""Files that go missing or come twice, ranks that are turned round, and benchmarks that are no longer looked for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.fetch.inventory import SHA256, UNREADABLE, StoredFile, write_inventory
from quality.classifier.step import TEST_SCORES
from quality.ratchet.chance import largest_correlation
from quality.ratchet.files import FilesBound
from quality.ratchet.measured import Measured
from quality.ratchet.ranking import RankingBound
from quality.ratchet.unchecked import UncheckedBound


def measured(
    folder: Path, facts: Mapping[str, Any] | None = None, parents: Mapping[str, str] | None = None
) -> Measured:
    return Measured("asset", folder, {}, facts or {}, parents or {})


def snapshot(folder: Path, files: Mapping[str, str], unreadable: Sequence[str] = ()) -> Measured:
    """A snapshot of files by path, the digest and size of each those of its content."""
    folder.mkdir()
    stored = [StoredFile(path, len(content), content, SHA256) for path, content in files.items()]
    stored += [StoredFile(path, 0, "permission denied", UNREADABLE) for path in unreadable]
    write_inventory(folder, stored)
    return measured(folder)


FILES = {f"{number:03}.txt": f"content {number}" for number in range(100)}
WITHOUT_TWO = {path: content for path, content in FILES.items() if path not in ("003.txt", "050.txt")}


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (WITHOUT_TWO, "has lost 2 of 100 files (003.txt, 050.txt), and 0 of its 98 files came in as copies of others"),
        ({}, "has lost 100 of 100 files (000.txt, 001.txt, 002.txt, …), and 0 of its 0 files came"),
        (FILES | {"a": "content 7", "b": "content 7"}, "files, and 2 of its 102 files (a, b) came in as copies"),
        (FILES | {"a": "new", "b": "new"}, "files, and 2 of its 102 files (a, b) came in as copies"),
    ],
)
def test_files_that_go_missing_or_come_twice_are_named(tmp_path: Path, now: dict[str, str], found: str) -> None:
    before, after = snapshot(tmp_path / "before", FILES), snapshot(tmp_path / "after", now)
    verdict = FilesBound(max_lost=0, max_copied=0.01).compare(before, after)
    assert not verdict.passed
    assert found in verdict.found
    assert verdict.found.endswith("where 0% lost and 1% copied are declared")


@pytest.mark.parametrize(
    "now",
    [
        FILES,
        WITHOUT_TWO | {"moved.txt": "content 3", "renamed.txt": "content 50"},
        FILES | {"003.txt": "changed"},
        FILES | {"new.txt": "new"},
        FILES | {"a": "", "b": "", "c": ""},
        FILES | {"LICENSE": "content 7"},
    ],
)
def test_files_that_change_or_are_added_are_neither(tmp_path: Path, now: dict[str, str]) -> None:
    before, after = snapshot(tmp_path / "before", FILES), snapshot(tmp_path / "after", now)
    assert FilesBound(max_lost=0, max_copied=0.01).compare(before, after).passed


def test_a_file_that_cannot_be_read_any_more_is_lost(tmp_path: Path) -> None:
    bound = FilesBound(max_lost=0, max_copied=0)
    before = snapshot(tmp_path / "before", FILES)
    unreadable = snapshot(tmp_path / "after", WITHOUT_TWO, ["003.txt", "050.txt"])
    assert "has lost 2 of 100 files (003.txt, 050.txt)" in bound.compare(before, unreadable).found
    assert bound.compare(unreadable, before).passed
    assert FilesBound(max_lost=0.02, max_copied=0).compare(before, unreadable).passed


def fitted(folder: Path, scores: Mapping[int, float]) -> Measured:
    """A classifier that was tested on documents by number."""
    folder.mkdir()
    ids = pa.array([f"{number:032x}" for number in scores])
    pq.write_table(pa.table({"id": ids, "score": pa.array([*scores.values()], pa.float32())}), folder / TEST_SCORES)
    return measured(folder)


def some_scores(num_documents: int) -> dict[int, float]:
    return dict(enumerate(np.random.default_rng(1).random(num_documents).tolist()))


RANKING = RankingBound(min_correlation=0.5)


def test_a_classifier_that_turns_the_ranks_round_is_stopped(tmp_path: Path) -> None:
    scores = some_scores(300)
    before = fitted(tmp_path / "before", scores)
    swapped = fitted(tmp_path / "swapped", {number + 100: 1 - scores.get(number + 100, 0.5) for number in range(300)})
    verdict = RANKING.compare(before, swapped)
    assert not verdict.passed
    assert verdict.found == (
        "ranks the 200 documents that both were tested on with a correlation of -1.00, where at least 0.5 is declared, "
        "and -1.00 may be the correlation of all"
    )


def test_a_classifier_fitted_to_more_or_better_labels_is_not(tmp_path: Path) -> None:
    scores = some_scores(300)
    noise = np.random.default_rng(2).normal(0, 0.2, 400).tolist()
    before = fitted(tmp_path / "before", scores)
    after = fitted(tmp_path / "after", {number: scores.get(number, 0.5) ** 2 + noise[number] for number in range(400)})
    assert RANKING.compare(before, after).passed
    strict = RankingBound(min_correlation=0.99).compare(before, after)
    assert not strict.passed
    assert strict.found.startswith("ranks the 300 documents that both were tested on with a correlation of 0.8")


@pytest.mark.parametrize("after", [{1000: 0.5, 1001: 0.6}, dict.fromkeys(range(300), 0.5)])
def test_ranks_that_are_not_there_say_nothing(tmp_path: Path, after: dict[int, float]) -> None:
    verdict = RANKING.compare(fitted(tmp_path / "before", some_scores(300)), fitted(tmp_path / "after", after))
    assert verdict.passed
    assert verdict.found.startswith("has no ranks to compare in the ")


def test_hardly_one_sample_of_a_thousand_is_below_what_is_declared_by_chance() -> None:
    generator = np.random.default_rng(3)
    beyond = 0
    for _ in range(3000):
        first, second = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 20).T
        ranks = [values.argsort().argsort() for values in (first, second)]
        beyond += largest_correlation(float(np.corrcoef(*ranks)[0, 1]), 20) < 0.58  # Spearman's, where Pearson's is 0.6
    assert beyond <= 9
    assert largest_correlation(-1, 4) == pytest.approx(-1)
    assert largest_correlation(-0.9, 3) == 1


def corpus(quiz: int, held_out: int = 0, benchmarks: str = "b" * 64) -> Measured:
    """A corpus in which so many texts were not looked for."""
    counts = {name: {"num_texts_unchecked": count} for name, count in (("quiz", quiz), ("held_out", held_out))}
    return measured(Path(), {"by_benchmark": counts}, {"corpus/benchmarks": benchmarks})


def test_a_benchmark_that_is_looked_for_no_more_is_stopped() -> None:
    bound = UncheckedBound(max_more=0)
    verdict = bound.compare(corpus(3), corpus(4))
    assert not verdict.passed
    assert verdict.found == (
        "leaves texts unchecked, of quiz 4 instead of 3, where 0 more are declared: a text that too many documents "
        "hold passes for boilerplate"
    )
    assert bound.compare(corpus(3), corpus(2)).passed
    assert bound.compare(corpus(3), corpus(3, held_out=9)).passed
    assert bound.compare(corpus(3), corpus(9, benchmarks="c" * 64)).passed
    assert UncheckedBound(max_more=1).compare(corpus(3), corpus(4)).passed
    assert not bound.compare(corpus(3), measured(Path(), {}, {"corpus/benchmarks": "b" * 64})).passed
