"""Levels hold equal shares of tokens, rise with the score, and depend on nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.arrays import Floats
from quality.bucketing.levels import MIN_DOCUMENTS, NO_LEVEL, NUM_LEVELS, POOLED, Thresholds, maximum
from quality.population_stability import population_stability_index

# Score, number of tokens; few scores, so that many are equal.
Documents = list[tuple[int, int]]
documents = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 50)), min_size=1, max_size=80)
amounts = st.lists(st.integers(0, 1000), min_size=4, max_size=4).filter(any)


def ids_of(num_documents: int) -> np.ndarray:
    """Ids whose order is not that of the documents."""
    return np.array([f"{number * 7919 % 10007:05d}" for number in range(num_documents)])


def columns(rows: Documents) -> tuple[Floats, np.ndarray, np.ndarray]:
    """Scores, ids and numbers of tokens."""
    scores, num_tokens = zip(*rows, strict=True)
    return np.array(scores, np.float32), ids_of(len(rows)), np.array(num_tokens)


def one_stratum(num_documents: int, stratum: str = "en") -> np.ndarray:
    return np.full(num_documents, stratum)


def fit(scores: Floats, ids: np.ndarray, num_tokens: np.ndarray, strata: np.ndarray | None = None) -> Thresholds:
    return Thresholds.fit({"prose": scores}, one_stratum(len(ids)) if strata is None else strata, ids, num_tokens)


@given(documents)
def test_each_level_begins_where_its_share_of_tokens_does_within_one_document(rows: Documents) -> None:
    scores, ids, num_tokens = columns(rows)
    levels = fit(scores, ids, num_tokens).levels("prose", scores, one_stratum(len(ids)), ids)
    order = np.lexsort((ids, scores))
    before = np.cumsum(num_tokens[order]) - num_tokens[order]
    for level in range(1, NUM_LEVELS):
        num_below = int(num_tokens[levels < level].sum())
        target = level * num_tokens.sum()
        assert NUM_LEVELS * num_below <= target
        first = np.searchsorted(before, num_below)
        assert NUM_LEVELS * (num_below + num_tokens[order][first]) > target


@given(documents)
def test_levels_rise_with_score_then_id(rows: Documents) -> None:
    scores, ids, num_tokens = columns(rows)
    levels = fit(scores, ids, num_tokens).levels("prose", scores, one_stratum(len(ids)), ids)
    assert (np.diff(levels[np.lexsort((ids, scores))]) >= 0).all()
    assert levels.min() >= 0
    assert levels.max() == NUM_LEVELS - 1


@settings(deadline=None)
@given(documents, st.integers(0, 99))
def test_the_order_of_documents_does_not_matter(rows: Documents, seed: int) -> None:
    scores, ids, num_tokens = columns(rows)
    order = np.random.default_rng(seed).permutation(len(rows))
    fitted, again = fit(scores, ids, num_tokens), fit(scores[order], ids[order], num_tokens[order])
    assert again.table().equals(fitted.table())
    strata = one_stratum(len(ids))
    levels = fitted.levels("prose", scores, strata, ids)
    assert again.levels("prose", scores[order], strata, ids[order]).tolist() == levels[order].tolist()


@settings(deadline=None)
@given(documents)
def test_written_thresholds_cut_as_the_fitted_ones(rows: Documents) -> None:
    scores, ids, num_tokens = columns(rows)
    scores = scores / np.float32(3)
    fitted = fit(scores, ids, num_tokens)
    assert Thresholds.from_table(fitted.table()) == fitted


def test_equal_documents_fill_levels_equally() -> None:
    scores = np.random.default_rng(1).permutation(100).astype(np.float32)
    levels = fit(scores, ids_of(100), np.full(100, 7)).levels("prose", scores, one_stratum(100), ids_of(100))
    assert levels.tolist() == (scores // 5).astype(int).tolist()


def test_equal_scores_are_parted_by_id() -> None:
    ids = ids_of(40)
    levels = fit(np.zeros(40), ids, np.full(40, 7)).levels("prose", np.zeros(40), one_stratum(40), ids)
    assert levels[np.argsort(ids)].tolist() == [number // 2 for number in range(40)]


def test_a_document_takes_the_levels_that_its_tokens_fill() -> None:
    scores, num_tokens = np.arange(11.0), np.array([10] * 10 + [100])
    levels = fit(scores, ids_of(11), num_tokens).levels("prose", scores, one_stratum(11), ids_of(11))
    assert levels.tolist() == [*range(10), 19]


def test_small_and_unseen_strata_are_cut_by_all_documents_together() -> None:
    strata = np.array(["en"] * 40 + ["de"] * MIN_DOCUMENTS + ["fr"] * (MIN_DOCUMENTS - 1))
    scores = np.concatenate([np.arange(40), 100 + np.arange(20), 200 + np.arange(19)]).astype(np.float32)
    thresholds = fit(scores, ids_of(79), np.full(79, 5), strata)
    assert {stratum for _, stratum in thresholds.cuts} == {"en", "de", POOLED}
    levels = thresholds.levels("prose", scores, strata, ids_of(79))
    assert levels[40:60].tolist() == list(range(20))
    pooled = thresholds.levels("prose", scores, one_stratum(79, POOLED), ids_of(79))
    assert levels[60:].tolist() == pooled[60:].tolist()
    assert pooled[60] == 15  # the 61st of 79 documents
    unseen = thresholds.levels("prose", scores, one_stratum(79, "it"), ids_of(79))
    assert unseen.tolist() == pooled.tolist()


def test_what_has_no_score_has_no_level_and_moves_no_threshold() -> None:
    scores, ids = np.arange(40, dtype=np.float32), ids_of(60)
    with_others = np.append(scores, np.full(20, np.nan, np.float32))
    alone = fit(scores, ids[:40], np.full(40, 3))
    fitted = fit(with_others, ids, np.full(60, 3))
    assert fitted == alone
    assert set(fitted.levels("prose", with_others, one_stratum(60), ids)[40:]) == {NO_LEVEL}


def test_the_best_level_counts() -> None:
    levels = {"prose": np.array([3, NO_LEVEL, NO_LEVEL], np.int8), "form": np.array([5, 0, NO_LEVEL], np.int8)}
    assert maximum(levels).tolist() == [5, 0, NO_LEVEL]


def test_the_stability_index_of_a_worked_example() -> None:
    assert population_stability_index([50, 50], [80, 20]) == pytest.approx(0.3 * np.log(1.6) - 0.3 * np.log(0.4))


def test_an_empty_class_has_a_finite_index() -> None:
    assert population_stability_index([1, 0], [1, 1]) == pytest.approx(0.5 * np.log(2) + 0.4999 * np.log(5000))


@given(amounts, amounts, st.integers(1, 9))
def test_the_stability_index_is_of_shares_alone(before: list[int], after: list[int], factor: int) -> None:
    index = population_stability_index(before, after)
    assert index >= 0
    assert index == pytest.approx(population_stability_index(after, before))
    assert population_stability_index([factor * amount for amount in before], after) == pytest.approx(index)
    assert population_stability_index(before, [factor * amount for amount in before]) == pytest.approx(0, abs=1e-12)
