"""The section of documents to read: some of each bucket, each quadrant and each frequent reason, and some clusters."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow.parquet as pq

from pipelines.funnel.funnel import Funnel
from pipelines.store import Artifact
from quality.perplexity.examples import EXAMPLES
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import Excerpt, Excerpts
from quality.report.page import Section
from quality.report.sections.funnel import reasons_of
from quality.report.units import count, counted, decimal, spelt
from quality.samples.duplicates import largest_clusters
from quality.samples.inspected import Inspected
from quality.samples.rejected import of_reason
from quality.samples.sample import Draw, Drawn, Sample
from quality.samples.survivors import bucket_sizes, of_bucket

DRAW = Draw(num_samples=3)
MOST_REASONS = 4  # of each domain


def samples_section(artifacts: CorpusArtifacts, by_domain: Sequence[Funnel]) -> Section:
    """Documents drawn by chance, always the same for the same corpus.

    Args:
        by_domain: the funnel of each domain.
    """
    inspected = artifacts.inspected
    figures = [
        *(of_buckets(inspected)),
        *(of_quadrants(inspected.quadrants) if inspected.quadrants else []),
        *(of_reasons(inspected, by_domain)),
        *(of_clusters(inspected)),
    ]
    num_documents = sum(len(figure.excerpts) for figure in figures)
    says = f"{counted(num_documents, 'text')}, drawn by chance, to read what the numbers mean."
    return Section("samples", "Documents to read", says, figures)


def of_buckets(inspected: Inspected) -> Iterator[Excerpts]:
    for domain in inspected.buckets:
        for bucket in bucket_sizes(inspected, domain):
            yield drawn(f"{domain}, bucket {bucket}", of_bucket(inspected, domain, bucket, DRAW))


def of_quadrants(quadrants: Artifact) -> Iterator[Excerpts]:
    """The examples that the quadrants' artifact holds."""
    rows = pq.read_table(quadrants.folder / EXAMPLES).to_pylist()
    for name in QUADRANT_NAMES:
        excerpts = [
            Excerpt(
                f"{row['source']}, {row['language']}",
                {
                    "id": row["id"],
                    "length": f"{count(row['num_tokens'])} tokens",
                    "perplexity": decimal(row["perplexity"], 1),
                    "perplexity difference": decimal(row["pd"], 3),
                },
                row["excerpt"],
            )
            for row in rows
            if row["quadrant"] == name
        ]
        yield Excerpts(f"quadrant {name}", f"{count(len(excerpts))} drawn", excerpts)


def of_reasons(inspected: Inspected, by_domain: Sequence[Funnel]) -> Iterator[Excerpts]:
    """What was dropped for the reasons that are the most frequent in each domain."""
    for funnel in by_domain:
        for reason in list(reasons_of(funnel))[:MOST_REASONS]:
            yield drawn(f"{funnel.name}, dropped for {spelt(reason)}", of_reason(inspected, funnel.name, reason, DRAW))


def of_clusters(inspected: Inspected) -> Iterator[Excerpts]:
    """The largest clusters of duplicates of each domain: the survivor, then some of what was removed for it."""
    for domain in inspected.domains:
        found = largest_clusters(inspected, domain, DRAW)
        for number, cluster in enumerate(found.clusters, 1):
            excerpts = [
                excerpt(cluster.survivor, "survivor"),
                *(excerpt(sample, "removed") for sample in cluster.removed.samples),
            ]
            words = f"{counted(cluster.removed.num_candidates, 'record')} removed for one survivor"
            yield Excerpts(f"{domain}, cluster {number} of {count(found.num_clusters)}", words, excerpts)


def drawn(title: str, found: Drawn) -> Excerpts:
    words = f"{count(len(found.samples))} of {count(found.num_candidates)}"
    return Excerpts(title, words, [excerpt(sample) for sample in found.samples])


def excerpt(sample: Sample, role: str = "") -> Excerpt:
    """A sample with all that is known of it."""
    known: Mapping[str, str | None] = {
        "id": sample.id,
        "place": sample.locator,
        "address": sample.url,
        "licence": sample.licence,
        "length": f"{count(sample.num_bytes)} bytes",
        **sample.facts,
    }
    title = ", ".join(part for part in (role, f"{sample.source} {sample.snapshot}", sample.language) if part)
    return Excerpt(title, {name: value for name, value in known.items() if value is not None}, sample.text)
