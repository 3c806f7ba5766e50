"""The report on a corpus: every section, from the artifacts that belong to it."""

from collections.abc import Sequence

from pipelines.funnel.build import funnels_of
from pipelines.funnel.corpus import Corpus
from pipelines.funnel.count import Scope
from pipelines.funnel.funnel import combined
from pipelines.store import Store
from quality.report.artifacts import artifacts_of
from quality.report.head import headlines, in_words, versions_table
from quality.report.page import Page
from quality.report.sections.buckets import buckets_section
from quality.report.sections.checks import checks_section
from quality.report.sections.classifiers import classifiers_section
from quality.report.sections.contamination import contamination_section
from quality.report.sections.dropped import dropped_section
from quality.report.sections.duplicates import duplicates_section
from quality.report.sections.funnel import funnel_section, of_domains
from quality.report.sections.mix import mix_section
from quality.report.sections.quadrants import quadrants_section
from quality.report.sections.sources import sources_section
from quality.report.sections.thresholds import thresholds_section


def report_on(store: Store, corpus: Corpus, expected: Sequence[str]) -> Page:
    """The page on a corpus.

    Args:
        expected: the assets that are to be made from it: classifiers, thresholds, buckets, shards and held-out sets.

    Raises:
        PhaselineError: an artifact behind the corpus is gone, or has other content now.
    """
    artifacts = artifacts_of(store, corpus, expected)
    by_source = funnels_of(corpus, Scope(list(corpus.domain_of), "source"))
    by_domain = of_domains(by_source, corpus.domain_of)
    sections = [
        funnel_section(by_domain, by_source, artifacts.missing_of("shards/", "held_out/")),
        sources_section(artifacts, by_source),
        mix_section(artifacts),
        classifiers_section(artifacts),
        thresholds_section(artifacts),
        buckets_section(artifacts),
        quadrants_section(artifacts),
        duplicates_section(artifacts),
        contamination_section(corpus.clean),
        checks_section(artifacts.everything),
        dropped_section(artifacts, by_domain),
    ]
    title = f"The corpus, version {corpus.clean.record.version}"
    heads = headlines(artifacts, combined("all", by_domain))
    return Page(title, in_words(corpus.clean), heads, versions_table(artifacts.everything), sections)
