"""Scores that may be compared: those that the same scorer gave, declared alike and fitted once."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.errors import PhaselineError
from pipelines.store import Artifact
from quality.bucketing.declaration import BucketsDeclaration
from quality.scorer import CLASSIFIERS


def scorer_parameters(declaration: BucketsDeclaration, scores: Mapping[str, Sequence[Artifact]]) -> dict[str, Any]:
    """What the scores of each scorer depend on but for the documents, as their records have it.

    Raises:
        PhaselineError: a scorer has no scores, or some by another declaration or fit than others.
    """
    return {scorer: common_parameters(scorer, scores[scorer]) for scorer in declaration.scorers}


def common_parameters(scorer: str, scores: Sequence[Artifact]) -> Any:
    if not scores:
        raise PhaselineError(f"there are no scores by {scorer}", "add a source to its domain, or remove the scorer")
    first, *others = scores
    for other in others:
        if parameters_behind(other) != parameters_behind(first):
            raise PhaselineError(
                f"{first.name} and {other.name} are by different declarations or fits of {scorer}",
                f"materialise scores/{scorer} of every snapshot",
            )
    return parameters_behind(first)


def parameters_behind(scores: Artifact) -> dict[str, Any]:
    """What scores depend on but for the documents: the scorer as it is declared, and the digest of its classifier.

    Files of scores are not among it: with new documents come new ones.
    """
    classifiers = [parent.digest for parent in scores.record.parents if parent.asset.startswith(CLASSIFIERS)]
    return {"scorer": scores.record.parameters["scorer"], "classifier": next(iter(classifiers), None)}


def refuse_other_scores(thresholds: Artifact, parameters: Mapping[str, Any]) -> None:
    """Raise PhaselineError if thresholds were fitted to scores that depended on something else.

    Args:
        parameters: what the scores depend on that the thresholds are to cut.
    """
    fitted = thresholds.record.parameters["scorers"]
    if differing := sorted(scorer for scorer in parameters if fitted.get(scorer) != parameters[scorer]):
        raise PhaselineError(
            f"{thresholds.name} cuts other scores than those by {', '.join(differing)}",
            f"materialise {thresholds.asset}",
        )
