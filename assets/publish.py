"""How an artifact shows itself in Dagster: its data version, counts, plots and checks."""

import base64
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Outcome

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
    expected_checks: dict[str, bool],
    images: Sequence[Path],
    tables: Mapping[str, str],
) -> dg.MaterializeResult:
    """The result of an asset function from what the library made; shows PNGs, and tables as Markdown by title.

    Raises:
        PhaselineError: the artifact lacks a check that the asset declares.
    """
    record = outcome.artifact.record
    (context.log.info if outcome.changes else context.log.debug)(headline(outcome))
    found = {check.name: check for check in record.checks}
    if missing := expected_checks.keys() - found.keys():
        raise PhaselineError(f"{outcome.artifact.name} was not checked for {sorted(missing)}", "materialise it again")
    return dg.MaterializeResult(
        data_version=dg.DataVersion(record.digest),
        metadata=metadata(outcome)
        | {title: dg.MetadataValue.md(table) for title, table in tables.items()}
        | dict(plots(outcome, images)),
        check_results=[check_result(found[name]) for name in sorted(expected_checks)],
    )


def headline(outcome: Outcome) -> str:
    """One line on an artifact: current, or why and how it was made."""
    record = outcome.artifact.record
    if not outcome.changes:
        return f"{outcome.artifact.name} is current"
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


def check_result(check: Check) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name, passed=check.passed, severity=SEVERITY[check.severity], description=check.detail
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
