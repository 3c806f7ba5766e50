"""How an artifact shows itself in Dagster: its data version, counts, plots and checks."""

import base64
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.errors import PhaselineError
from pipelines.promotion import Promotion
from pipelines.record import Check
from pipelines.store import Artifact, Outcome
from quality.validation.data_docs.site import page_path

SEVERITY = {"error": dg.AssetCheckSeverity.ERROR, "warn": dg.AssetCheckSeverity.WARN}


def check_specs(
    key: dg.AssetKey, names: dict[str, bool], partitions_def: dg.PartitionsDefinition | None
) -> list[dg.AssetCheckSpec]:
    """The checks of an asset by name; True where a failure stops everything downstream."""
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)  # that checks have partitions is new in Dagster
    return [
        dg.AssetCheckSpec(name, asset=key, blocking=blocking, partitions_def=partitions_def)
        for name, blocking in sorted(names.items())
    ]


def publish(
    context: dg.AssetExecutionContext,
    outcome: Outcome,
    own_checks: Collection[str],
    validated: Collection[str],
    images: Sequence[Path],
    tables: Mapping[str, str],
    data_docs: Path,
) -> dg.MaterializeResult:
    """The result of an asset function from what the library made; shows PNGs, and tables as Markdown by title.

    Args:
        own_checks: those that the step makes itself.
        validated: those that are declared.
        data_docs: the folder of the pages on validations.

    Raises:
        PhaselineError: the artifact lacks a check that its step makes.
    """
    record = outcome.artifact.record
    (context.log.info if outcome.changes or outcome.newer_parents else context.log.debug)(headline(outcome))
    promotion = outcome.artifact.promotion()
    found = {name: not_yet_held(name) for name in validated} | {check.name: check for check in record.checks}
    if missing := {*own_checks} - found.keys():
        raise PhaselineError(f"{outcome.artifact.name} was not checked for {sorted(missing)}", "materialise it again")
    return dg.MaterializeResult(
        data_version=dg.DataVersion(record.digest),
        metadata=metadata(outcome)
        | dict(validation_page(outcome.artifact, data_docs))
        | {title: dg.MetadataValue.md(table) for title, table in tables.items()}
        | dict(plots(outcome, images)),
        check_results=[check_result(found[name], promotion) for name in sorted({*own_checks, *validated})],
    )


def headline(outcome: Outcome) -> str:
    """One line on an artifact: current, or why and how it was made."""
    record = outcome.artifact.record
    if not outcome.changes:
        if outcome.newer_parents:
            return f"{outcome.artifact.name} is kept as it was fitted, although {'; '.join(outcome.newer_parents[:3])}"
        return f"{outcome.artifact.name} {'waits for a promotion' if outcome.artifact.failures() else 'is current'}"
    parts = [f"made {outcome.artifact.name} in {record.provenance.seconds:.1f} s"]
    if flow := record.flows.get("documents"):
        parts.append(f"{flow.num_kept:,} of {flow.num_in:,} documents kept")
    failed = [check.name for check in record.checks if not check.passed]
    if record.checks:
        parts.append(f"{len(record.checks) - len(failed)} of {len(record.checks)} checks passed")
    if failed:
        parts.append(f"failed: {', '.join(failed)}")
    if outcome.changes != ["it did not exist"]:
        parts.append(f"because {'; '.join(outcome.changes[:3])}")
    return ", ".join(parts)


def not_yet_held(name: str) -> Check:
    """The check of an artifact that was made before the check was declared, and is not made again for it."""
    return Check(name=name, passed=True, detail="Declared after this version was made; holds for the next.")


def check_result(check: Check, promotion: Promotion | None) -> dg.AssetCheckResult:
    """A check as Dagster shows it; a failure that a person accepted has passed, and says who accepted it."""
    detail = check.detail
    accepted = promotion is not None and promotion.accepts(check)
    if promotion is not None and accepted:
        detail += f" {promotion.who} accepted it at {promotion.promoted_at}: {promotion.why}"
    return dg.AssetCheckResult(
        check_name=check.name, passed=check.passed or accepted, severity=SEVERITY[check.severity], description=detail
    )


def metadata(outcome: Outcome) -> dict[str, Any]:
    """Counts, facts and plots for the asset's page."""
    record = outcome.artifact.record
    shown: dict[str, Any] = {
        "version": outcome.artifact.name,
        "data version": record.digest,
        "folder": dg.MetadataValue.path(str(outcome.artifact.folder)),
        "why": "; ".join(outcome.changes) or "current",
        "bytes on disk": sum(file.num_bytes for file in record.files),
        "seconds to make": record.provenance.seconds,
        "code": record.provenance.code,
    }
    for unit, flow in record.flows.items():
        shown[f"{unit} in"] = flow.num_in
        shown[f"{unit} kept"] = flow.num_kept
        if flow.dropped:
            shown[f"{unit} dropped, by reason"] = dg.MetadataValue.json(dict(sorted(flow.dropped.items())))
    for name, value in record.facts.items():
        shown[name.replace("_", " ")] = value if isinstance(value, int | float | str) else dg.MetadataValue.json(value)
    return shown


def validation_page(artifact: Artifact, data_docs: Path) -> Iterator[tuple[str, dg.PathMetadataValue]]:
    """The page on an artifact's validation, if it was validated on this machine."""
    page = page_path(data_docs, artifact.asset, artifact.record.version)
    if page.is_file():
        yield "data docs", dg.MetadataValue.path(str(page))


def plots(outcome: Outcome, images: Sequence[Path]) -> Iterator[tuple[str, dg.MarkdownMetadataValue]]:
    """Every PNG of an artifact, or a plot of its flow where it has none."""
    for path in images:
        yield f"plot: {path.stem}", image(path.read_bytes())
    flow = outcome.artifact.record.flows.get("documents")
    if not images and flow is not None and flow.num_in:
        yield "plot: documents", dg.MetadataValue.md(bars({"kept": flow.num_kept, **flow.dropped}))


def image(png: bytes) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(f"![plot](data:image/png;base64,{base64.b64encode(png).decode()})")


def bars(counts: dict[str, int]) -> str:
    """Counts as a bar chart in Markdown, the largest first."""
    total = max(sum(counts.values()), 1)
    rows = sorted(counts.items(), key=lambda item: -item[1])
    lines = [
        f"| {name} | {count:,} | `{'█' * max(1, round(40 * count / total))}` {count / total:.1%} |"
        for name, count in rows
    ]
    return "\n".join(["| | documents | share |", "| --- | ---: | --- |", *lines])
