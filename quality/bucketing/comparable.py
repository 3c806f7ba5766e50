"""Scores that may be compared: those that the same declaration of a scorer gave."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.errors import PhaselineError
from pipelines.store import Artifact
from quality.bucketing.declaration import BucketsDeclaration


def scorer_parameters(declaration: BucketsDeclaration, scores: Mapping[str, Sequence[Artifact]]) -> dict[str, Any]:
    """What the scores of each scorer depend on, as their records have it.

    Raises:
        PhaselineError: a scorer has no scores, or some by another declaration than others.
    """
    return {scorer: common_parameters(scorer, scores[scorer]) for scorer in declaration.scorers}


def common_parameters(scorer: str, scores: Sequence[Artifact]) -> Any:
    if not scores:
        raise PhaselineError(f"there are no scores by {scorer}", "add a source to its domain, or remove the scorer")
    first, *others = scores
    for other in others:
        if other.record.parameters["scorer"] != first.record.parameters["scorer"]:
            raise PhaselineError(
                f"{first.name} and {other.name} are by different declarations of {scorer}",
                f"materialise scores/{scorer} of every snapshot",
            )
    return first.record.parameters["scorer"]


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
