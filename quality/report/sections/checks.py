"""The section on checks: what was promised of each artifact, and what did not hold."""

from collections.abc import Iterable, Sequence

from pipelines.promotion import Promotion
from pipelines.record import Check
from pipelines.store import Artifact
from quality.report.figures import Table
from quality.report.page import Section
from quality.report.units import count, moment

BLOCKS, PROMOTED, WARNS = "blocks", "promoted", "warns"  # what a failed check leads to

Failure = tuple[Artifact, Check]


def checks_section(artifacts: Sequence[Artifact]) -> Section:
    """Every check of the artifacts, the failed ones first."""
    failed = failures(artifacts)
    promotions = promotions_of(artifacts)
    figures = [
        *([failures_table(failed, promotions)] if failed else []),
        *([promotions_table(promotions)] if promotions else []),
        artifacts_table(artifacts),
        checks_table(artifacts),
    ]
    return Section("checks", "Checks", in_words(artifacts, failed, promotions), figures)


def failures(artifacts: Iterable[Artifact]) -> list[Failure]:
    """The checks that failed, those that block first."""
    failed = [(artifact, check) for artifact in artifacts for check in artifact.record.checks if not check.passed]
    return sorted(failed, key=lambda failure: not failure[1].blocks)


def promotions_of(artifacts: Iterable[Artifact]) -> dict[str, Promotion]:
    """What a person took although checks failed, by the artifact's name."""
    found = {artifact.name: artifact.promotion() for artifact in artifacts}
    return {name: promotion for name, promotion in found.items() if promotion is not None}


def outcome(failure: Failure, promotions: dict[str, Promotion]) -> str:
    """What a failed check leads to."""
    artifact, check = failure
    if not check.blocks:
        return WARNS
    promotion = promotions.get(artifact.name)
    return PROMOTED if promotion and promotion.accepts(check) else BLOCKS


def in_words(artifacts: Sequence[Artifact], failed: Sequence[Failure], promotions: dict[str, Promotion]) -> str:
    num_checks = sum(len(artifact.record.checks) for artifact in artifacts)
    says = f"{count(num_checks - len(failed))} of {count(num_checks)} checks passed"
    if not failed:
        return f"{says}, on {count(sum(bool(artifact.record.checks) for artifact in artifacts))} artifacts."
    outcomes = [outcome(failure, promotions) for failure in failed]
    return (
        f"{says}; of those that failed, {count(outcomes.count(BLOCKS))} stop everything downstream, "
        f"{count(outcomes.count(WARNS))} warn, and {count(outcomes.count(PROMOTED))} were accepted by a person."
    )


def failures_table(failed: Sequence[Failure], promotions: dict[str, Promotion]) -> Table:
    outcomes = [outcome(failure, promotions) for failure in failed]
    rows = [
        [leads_to, artifact.name, check.name, check.detail]
        for leads_to, (artifact, check) in zip(outcomes, failed, strict=True)
    ]
    blocking = frozenset(row for row, leads_to in enumerate(outcomes) if leads_to == BLOCKS)
    return Table("Failed", ("outcome", "artifact", "check", "detail"), (), rows, blocking, is_open=True)


def promotions_table(promotions: dict[str, Promotion]) -> Table:
    rows = [
        [name, ", ".join(check.name for check in found.accepted), found.who, found.why, moment(found.promoted_at)]
        for name, found in promotions.items()
    ]
    return Table("Promoted all the same", ("artifact", "checks", "by", "because", "when"), (), rows, is_open=True)


def artifacts_table(artifacts: Sequence[Artifact]) -> Table:
    rows = [
        [artifact.name, count(sum(check.passed for check in checks)), count(len(checks))]
        for artifact in artifacts
        if (checks := artifact.record.checks)
    ]
    return Table("By artifact", ("artifact",), ("passed", "of"), rows)


def checks_table(artifacts: Sequence[Artifact]) -> Table:
    rows = [
        [artifact.name, check.name, "passed" if check.passed else "failed", check.severity, check.detail]
        for artifact in artifacts
        for check in artifact.record.checks
    ]
    return Table("Every check", ("artifact", "check", "outcome", "severity", "detail"), (), rows)
