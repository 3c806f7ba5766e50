"""Measures of classifiers against their definitions, and calibration against a model that is known to be off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.classifier.calibration import UNCALIBRATED, Calibration, fit_calibration, sigmoid
from quality.classifier.metrics import (
    Bin,
    auc,
    average_precision,
    brier_score,
    curve,
    expected_calibration_error,
    f1,
    precision_recall,
    reliability,
)

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2).filter(
    lambda rows: len({row[0] for row in rows}) == 2
)


def columns(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([positive for positive, _ in rows], np.int8), np.array([value / 5 for _, value in rows])


@given(ROWS)
def test_auc_is_the_chance_that_a_positive_scores_higher(rows: list[tuple[bool, int]]) -> None:
    positives = [value for positive, value in rows if positive]
    negatives = [value for positive, value in rows if not positive]
    wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    assert auc(*columns(rows)) == pytest.approx(wins / (len(positives) * len(negatives)))


@given(ROWS)
def test_average_precision_adds_up_precision_over_recall(rows: list[tuple[bool, int]]) -> None:
    labels, scores = columns(rows)
    expected = recall_before = 0.0
    for threshold in sorted(set(scores), reverse=True):
        precision, recall = precision_recall(labels, scores, threshold)
        expected += precision * (recall - recall_before)
        recall_before = recall
    assert average_precision(labels, scores) == pytest.approx(expected)


def test_precision_recall_and_f1() -> None:
    labels, scores = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.5, 0.4, 0.6, 0.1])
    assert precision_recall(labels, scores, 0.5) == (2 / 3, 2 / 3)
    assert precision_recall(labels, scores, 1.0) == (0.0, 0.0)
    assert f1(0.5, 1.0) == pytest.approx(2 / 3)
    assert f1(0.0, 0.0) == 0.0


def test_a_curve_has_a_point_for_each_distinct_score() -> None:
    points = curve(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
    assert [column.tolist() for column in points] == [[0.9, 0.5, 0.1], [1, 2, 2], [0, 1, 2]]


def test_reliability_and_calibration_error() -> None:
    labels, scores = np.array([0, 1, 1, 1]), np.array([0.25, 0.25, 0.875, 1.0])
    bins = reliability(labels, scores, 4)
    assert bins == [Bin(0.25, 0.5, 2, 0.25, 0.5), Bin(0.75, 1.0, 2, 0.9375, 1.0)]
    assert expected_calibration_error(bins) == (2 * 0.25 + 2 * 0.0625) / 4
    assert brier_score(labels, scores) == (2 * 0.0625 + 0.5 + 0.015625) / 4


def test_calibration_mends_probabilities_that_are_off() -> None:
    """Logits four times too timid, and shifted."""
    generator = np.random.default_rng(1)
    true_logits = generator.normal(0, 2, 4000)
    labels = (generator.random(4000) < sigmoid(true_logits)).astype(np.int8)
    timid = true_logits / 4 + 1
    fitted = fit_calibration(labels, timid)
    assert fitted == pytest.approx(Calibration(4, -4), rel=0.1)
    before, after = (
        expected_calibration_error(reliability(labels, calibration.probabilities(timid), 10))
        for calibration in (UNCALIBRATED, fitted)
    )
    assert before > 0.15
    assert after < 0.03


def test_calibration_is_at_the_optimum() -> None:
    """Platt's targets of five positives and three negatives are 6/7 and 1/5; the loss is level there."""
    labels, values = np.array([1, 1, 1, 0, 1, 0, 0, 1]), np.array([3.0, 2, 1, 0.5, 0, -1, -2, -0.5])
    targets = np.where(labels == 1, 6 / 7, 1 / 5)
    difference = fit_calibration(labels, values).probabilities(values) - targets
    assert difference.sum() == pytest.approx(0, abs=1e-6)
    assert (difference * values).sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_classes_that_are_apart_have_a_finite_calibration(size: float) -> None:
    labels, values = np.array([0, 0, 0, 1, 1, 1]), size * np.array([-3.0, -2, -1, 1, 2, 3])
    slope, intercept = fit_calibration(labels, values)
    assert 0 < slope * size < 10
    assert intercept == pytest.approx(0, abs=1e-9)


def test_a_ranking_that_is_the_wrong_way_round_is_not_turned() -> None:
    labels, values = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([3.0, 2, 1, -1, -2, -3, -4])
    slope, intercept = fit_calibration(labels, values)
    assert slope == 0
    assert sigmoid(np.array(intercept)) == pytest.approx((4 * 5 / 6 + 3 / 5) / 7)
