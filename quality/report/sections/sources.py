"""The section on sources: where the text comes from, under which licence, in which snapshots."""

from collections.abc import Mapping, Sequence

from pipelines.colours import CATEGORIES
from pipelines.funnel.funnel import Funnel
from pipelines.store import Artifact
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import Bars, Table, bars_of
from quality.report.page import Section
from quality.report.units import bytesize, count, counted, listed, moment, percent


def sources_section(artifacts: CorpusArtifacts, by_source: Sequence[Funnel]) -> Section:
    """Each source and its snapshots.

    Args:
        by_source: the funnel of each source.
    """
    domain_of = artifacts.corpus.domain_of
    domains = sorted(set(domain_of.values()))
    says = f"{counted(len(domain_of), 'source')} in {counted(len(domains), 'domain')}: {listed(domains)}."
    most = max(by_source, key=lambda funnel: funnel.all_kept.num_bytes)
    share = percent(most.all_kept.num_bytes, sum(funnel.all_kept.num_bytes for funnel in by_source))
    says += f" {most.name} gives the most, {share} of the text that is kept."
    return Section("sources", "Sources", says, [kept_bars(by_source, domain_of), sources_table(artifacts)])


def kept_bars(by_source: Sequence[Funnel], domain_of: Mapping[str, str]) -> Bars:
    """The bytes that each source gives to shards, the largest first, in the colour of its domain."""
    colours = dict(zip(sorted(set(domain_of.values())), CATEGORIES * len(domain_of), strict=False))
    kept = {funnel.name: funnel.all_kept.num_bytes for funnel in by_source}
    largest = dict(sorted(kept.items(), key=lambda item: (-item[1], item[0])))
    bars = bars_of(largest, bytesize, lambda source: colours[domain_of[source]])
    return Bars("Text kept, by source", bars, colours, is_wide=True)


def sources_table(artifacts: CorpusArtifacts) -> Table:
    """A row for each snapshot."""
    raw = {artifact.asset.removeprefix("raw/"): artifact for artifact in artifacts.of("raw/")}
    rows = [
        row(artifacts.corpus.domain_of[artifact.record.parameters["source"]], artifact, raw)
        for artifact in sorted(artifacts.corpus.documents, key=lambda artifact: artifact.asset)
    ]
    words = ("source", "domain", "snapshot", "licence", "fetched")
    return Table("Sources and snapshots", words, ("records", "documents", "text"), rows, is_open=True)


def row(domain: str, documents: Artifact, raw: Mapping[str, Artifact]) -> list[str]:
    record = documents.record
    source, snapshot = record.parameters["source"], record.parameters["snapshot"]
    return [
        source,
        domain,
        snapshot,
        record.parameters["licence"],
        moment(raw[f"{source}/{snapshot}"].record.provenance.created_at),
        count(record.flows["documents"].num_in),
        count(record.flows["documents"].num_kept),
        bytesize(record.flows["bytes"].num_kept),
    ]
