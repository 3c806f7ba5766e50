"""Plots of a classifier, as PNG files with the same bytes for the same input."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipelines.colours import AMBER, GREEN, RED, SLATE
from pipelines.png import new_figure, save
from quality.classifier.measures import NUM_BINS, SIDES
from quality.classifier.metrics import auc, average_precision, curve, precision_recall, reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE_COLOURS = {"positives": GREEN, "negatives": RED}
SCORE_BINS = 40


def plot_classes(path: Path, table: pa.Table, threshold: float) -> None:
    """The distribution of scores of the positives and of the negatives, each with its own area of 1."""
    figure = new_figure(3.6)
    axes = figure.subplots()
    labels, scores = table["label"].to_numpy(), table["score"].to_numpy()
    bins = np.linspace(0, 1, SCORE_BINS + 1).tolist()
    for name, label in SIDES.items():
        of_side = scores[labels == label]
        axes.hist(
            of_side, bins, density=True, alpha=0.6, color=SIDE_COLOURS[name].fill, label=f"{name} ({len(of_side):,})"
        )
    axes.axvline(threshold, color="black", linewidth=1, linestyle="--", label=f"threshold {threshold:g}")
    axes.set(xlabel="score on documents that the model had not seen", ylabel="density", xlim=(0, 1))
    axes.set_title(f"AUC {auc(labels, scores):.3f}")
    axes.legend()
    save(figure, path)


def plot_calibration(path: Path, table: pa.Table) -> None:
    """The share of positives over the mean score in each bin, before and after calibration, and the bins' sizes."""
    figure = new_figure(4.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--", label="perfect")
    labels = table["label"].to_numpy()
    for name, column, colour in (("fastText's own", "uncalibrated", AMBER), ("calibrated", "score", SLATE)):
        bins = reliability(labels, table[column].to_numpy(), NUM_BINS)
        upper.plot(
            [one.mean_score for one in bins],
            [one.positive_share for one in bins],
            marker="o",
            color=colour.fill,
            label=name,
        )
    lower.hist(table["score"].to_numpy(), np.linspace(0, 1, NUM_BINS + 1).tolist(), color=SLATE.fill)
    upper.set(ylabel="share of positives", ylim=(-0.03, 1.03))
    upper.legend()
    lower.set(xlabel="score", ylabel="documents", xlim=(0, 1))
    save(figure, path)


def plot_curves(path: Path, table: pa.Table, threshold: float) -> None:
    """ROC, and precision over recall, each with the point of the threshold."""
    figure = new_figure(6.6)
    roc, precision = figure.subplots(2, 1)
    labels, scores = table["label"].to_numpy(), table["score"].to_numpy()
    _, true_positives, false_positives = curve(labels, scores)
    hit_rate, false_rate = true_positives / true_positives[-1], false_positives / false_positives[-1]
    at_threshold = precision_recall(labels, scores, threshold)
    roc.plot(np.append(0, false_rate), np.append(0, hit_rate), color=SLATE.fill)
    roc.plot(float(np.mean(scores[labels == 0] >= threshold)), at_threshold[1], "o", color="black")
    roc.set_title(f"AUC {auc(labels, scores):.3f}")
    precision.plot(hit_rate, true_positives / (true_positives + false_positives), color=SLATE.fill)
    precision.plot(at_threshold[1], at_threshold[0], "o", color="black", label=f"threshold {threshold:g}")
    precision.set_title(f"average precision {average_precision(labels, scores):.3f}")
    precision.legend(loc="lower left")
    name_axes(roc, "share of negatives called positive", "share of positives found")
    name_axes(precision, "recall", "precision")
    save(figure, path)


def name_axes(axes: "Axes", across: str, up: str) -> None:
    axes.set(xlabel=across, ylabel=up, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
