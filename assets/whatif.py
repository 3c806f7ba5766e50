"""What the ``whatif`` command shows: what would be kept at other thresholds, or the curve of one threshold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.project import Project
from assets.summary import megabytes
from assets.tables import console, new_table
from pipelines.errors import PhaselineError
from pipelines.sources import Domain, Source
from pipelines.store import Artifact
from pipelines.whatif.changes import changed, threshold, with_value
from pipelines.whatif.curve import thresholds
from pipelines.whatif.judging import REASONS, Outcome, Tally, outcomes
from pipelines.whatif.plot import plot_curve
from pipelines.whatif.tokens import tokens_per_byte


@dataclass(frozen=True)
class Chosen:
    """What is judged again: ``documents`` are artifacts by source, ``rates`` the tokens by byte of sources."""

    domain: Domain
    documents: Mapping[str, Sequence[Artifact]]
    rates: Mapping[str, float]


def whatif(project: Project, name: str, rules: Sequence[str], *, plot: Path | None) -> None:
    """Show what a domain or a source would keep with some thresholds changed, or over the values of one.

    Args:
        name: of a domain or a source.
        rules: changes as ``rule=value``, and at most one rule without a value, whose curve is shown.
        plot: where to draw that curve.

    Raises:
        PhaselineError: a name, a rule or a value is none; nothing was made yet; or a curve is not of one rule.
    """
    domain, sources = find(project, name)
    for change in rules:
        if "=" in change:
            domain = changed(domain, change)
    documents = {source.name: [project.store.require(asset) for asset in source.documents] for source in sources}
    shards = [project.store.latest(f"shards/{name}") for name in project.shards]
    rates = tokens_per_byte([artifact for artifact in shards if artifact is not None])
    chosen = Chosen(domain, documents, rates)
    curves = [rule for rule in rules if "=" not in rule]
    if len(curves) > 1 or (plot and not curves):
        raise PhaselineError(f"a curve is of one rule, not of {len(curves)}", "name one rule without a value")
    if curves:
        show_curve(chosen, curves[0], plot)
    else:
        show_outcomes(chosen)


def find(project: Project, name: str) -> tuple[Domain, Sequence[Source]]:
    """The domain of a name with all its sources, or the domain of the source of that name with it alone."""
    for domain in project.domains:
        if domain.domain == name:
            return domain, domain.sources
        for source in domain.sources:
            if source.name == name:
                return domain, [source]
    names = [*(domain.domain for domain in project.domains), *project.domain_of]
    raise PhaselineError(f"there is no domain or source {name}", f"name one of: {', '.join(names)}")


def show_outcomes(chosen: Chosen) -> None:
    """Print what is kept now and then by source, and what changes sides by reason.

    Deferred documents break a rule, and their buckets decide about them.
    """
    found = {source: outcomes(artifacts, [chosen.domain])[0] for source, artifacts in chosen.documents.items()}
    columns = ("source", "documents now", "then", "of them deferred", "then", "MB now", "then")
    table = new_table("Kept, before dedup", *columns, "tokens now, about", "then", "newly kept", "newly dropped")
    for source, outcome in found.items():
        table.add_row(source, *figures({source: outcome}, chosen.rates))
    if len(found) > 1:
        table.add_row("all", *figures(found, chosen.rates), style="bold")
    console.print(table)
    sides = new_table("What changes sides", "reason", "newly kept", "MB", "newly dropped", "MB")
    for reason in REASONS:
        kept = summed(outcome.newly_kept[reason] for outcome in found.values())
        dropped = summed(outcome.newly_dropped[reason] for outcome in found.values())
        if kept.num_documents or dropped.num_documents:
            sides.add_row(reason, *size(kept), *size(dropped))
    if sides.row_count:
        console.print()
        console.print(sides)


def figures(found: Mapping[str, Outcome], rates: Mapping[str, float]) -> list[str]:
    """The cells of some sources together."""
    before = {source: outcome.before for source, outcome in found.items()}
    after = {source: outcome.after for source, outcome in found.items()}
    kept = summed(tally for outcome in found.values() for tally in outcome.newly_kept.values())
    dropped = summed(tally for outcome in found.values() for tally in outcome.newly_dropped.values())
    deferred_before = summed(outcome.deferred_before for outcome in found.values())
    deferred_after = summed(outcome.deferred_after for outcome in found.values())
    documents_now, megabytes_now = size(summed(before.values()))
    documents_then, megabytes_then = size(summed(after.values()))
    return [
        *(documents_now, documents_then),
        *(f"{each.num_documents:,}" for each in (deferred_before, deferred_after)),
        *(megabytes_now, megabytes_then, tokens(before, rates), tokens(after, rates)),
        *(f"{kept.num_documents:,}", f"{dropped.num_documents:,}"),
    ]


def show_curve(chosen: Chosen, path: str, plot: Path | None) -> None:
    """Print what is kept at several values of one threshold, the declared one among them; perhaps draw it."""
    domain = chosen.domain
    changing = threshold(domain, path)
    everything = [artifact for artifacts in chosen.documents.values() for artifact in artifacts]
    declared = changing.declared(domain)
    values = thresholds(everything, domain, changing)
    domains = [with_value(domain, changing, value) for value in values]
    found = {source: outcomes(artifacts, domains) for source, artifacts in chosen.documents.items()}
    table = new_table(f"Kept, before dedup, by {path}", path, "documents", "MB", "tokens, about", "also deferred", "")
    totals = []
    for number, value in enumerate(values):
        within = {source: by_value[number].within_rules for source, by_value in found.items()}
        deferred = sum(by_value[number].deferred_after.num_documents for by_value in found.values())
        totals.append(summed(within.values()))
        mark = "declared" if declared is not None and value == np.float32(declared) else ""
        table.add_row(f"{value:.4g}", *size(totals[-1]), tokens(within, chosen.rates), f"{deferred:,}", mark)
    console.print(table)
    if plot is not None:
        plot_curve(plot, path, values, totals, declared)


def summed(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def size(tally: Tally) -> tuple[str, str]:
    return f"{tally.num_documents:,}", megabytes(tally.num_bytes)


def tokens(tallies: Mapping[str, Tally], rates: Mapping[str, float]) -> str:
    """About how many tokens the texts of some sources make; unknown where one of them was never tokenised."""
    if any(source not in rates for source, tally in tallies.items() if tally.num_bytes):
        return "–"
    return f"{sum(tally.num_bytes * rates[source] for source, tally in tallies.items() if tally.num_bytes):,.0f}"
