"""The section on classifiers: what each is worth on labelled documents that its models had not seen."""

from collections.abc import Mapping
from typing import Any

from pipelines.store import Artifact
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import Figure, Table, plots_of
from quality.report.page import Section
from quality.report.units import count, counted, decimal, listed, percent

IN_NUMBERS = {  # by the name of a fact
    "auc": "area under the ROC curve",
    "average_precision": "average precision",
    "threshold": "threshold",
    "precision": "precision at the threshold",
    "recall": "recall at the threshold",
    "f1": "F1 at the threshold",
    "calibration_error": "expected calibration error",
    "calibration_error_uncalibrated": "the same without calibration",
    "brier_score": "Brier score",
    "brier_score_uncalibrated": "the same without calibration",
}
PLOTS = {
    "scores": "how it scores positives and negatives",
    "calibration": "score against share of positives",
    "curves": "what each threshold gives",
}
EXPLAINS = (
    "Positives and negatives are documents of declared sources. Each is scored by a model that was trained without it, "
    "as are all documents that the classifier scores later. Calibration makes a score the probability to be positive."
)


def classifiers_section(artifacts: CorpusArtifacts) -> Section:
    """The classifiers behind the scores."""
    classifiers = artifacts.of("classifiers/")
    figures = [figure for artifact in classifiers for figure in figures_of(artifact)]
    says = " ".join(map(in_words, classifiers)) or "There are no classifiers."
    explains = EXPLAINS if classifiers else ""
    return Section("classifiers", "Classifiers", says, figures, explains, artifacts.missing_of("classifiers/"))


def in_words(classifier: Artifact) -> str:
    facts = classifier.record.facts
    areas = facts["auc_by_positive_source"]
    positives, negatives = [*areas], [source for source in facts["documents_by_source"] if source not in areas]
    num_positives, num_negatives = (counted(facts[f"num_{side}s"], side) for side in ("positive", "negative"))
    return (
        f"{name_of(classifier)} tells {listed(positives)} from {listed(negatives)}: it ranks a positive above a "
        f"negative {percent(facts['auc'])} of the time, on {num_positives} and {num_negatives} that its models had not "
        f"seen. At a score of {facts['threshold']:g} or more, {percent(facts['precision'])} are positive; these are "
        f"{percent(facts['recall'])} of all positives."
    )


def figures_of(classifier: Artifact) -> list[Figure]:
    name, facts = name_of(classifier), classifier.record.facts
    return [
        *plots_of(classifier, {plot: f"{name}: {title}" for plot, title in PLOTS.items()}),
        measures_table(name, facts),
        sources_table(name, facts),
        reliability_table(name, facts),
    ]


def name_of(classifier: Artifact) -> str:
    return classifier.asset.removeprefix("classifiers/")


def measures_table(name: str, facts: Mapping[str, Any]) -> Table:
    rows = [[words, decimal(facts[fact], 3)] for fact, words in IN_NUMBERS.items()]
    rows += [
        [f"area under the ROC curve, fold {fold}", decimal(area, 3)] for fold, area in enumerate(facts["auc_by_fold"])
    ]
    return Table(f"{name} in numbers", ("measure",), ("value",), rows, is_open=True, is_wide=False)


def sources_table(name: str, facts: Mapping[str, Any]) -> Table:
    """The labelled documents of each source, and the area of a positive source against all negatives."""
    areas = facts["auc_by_positive_source"]
    rows = [
        [source, "positive" if source in areas else "negative", count(number), decimal(areas.get(source), 3)]
        for source, number in facts["documents_by_source"].items()
    ]
    numbers = ("documents", "area against all negatives")
    return Table(f"{name}: labelled documents", ("source", "side"), numbers, rows)


def reliability_table(name: str, facts: Mapping[str, Any]) -> Table:
    rows = [
        [
            f"{one['start']:.1f} to {one['end']:.1f}",
            count(one["num_documents"]),
            decimal(one["mean_score"], 3),
            percent(one["positive_share"]),
        ]
        for one in facts["reliability"]
    ]
    return Table(f"{name}: calibration", ("score",), ("documents", "mean score", "share of positives"), rows)
