"""The section of dropped documents to read: some for each frequent reason of each domain."""

from collections.abc import Iterator, Sequence

from pipelines.funnel.funnel import Funnel
from quality.report.artifacts import CorpusArtifacts
from quality.report.excerpts import DRAW, drawn
from quality.report.figures import Excerpts, Figure, Heading
from quality.report.page import Section
from quality.report.sections.funnel import reasons_of
from quality.report.units import counted
from quality.samples.inspected import Inspected
from quality.samples.rejected import of_reason

MOST_REASONS = 4  # of each domain


def dropped_section(artifacts: CorpusArtifacts, by_domain: Sequence[Funnel]) -> Section:
    """Documents drawn by chance, always the same for the same corpus.

    Args:
        by_domain: the funnel of each domain.
    """
    figures: list[Figure] = []
    for funnel in by_domain:
        figures += [Heading(funnel.name), *of_reasons(artifacts.inspected, funnel)]
    num_texts = sum(len(figure.excerpts) for figure in figures if isinstance(figure, Excerpts))
    says = f"{counted(num_texts, 'text')}, drawn by chance from what was dropped for the most frequent reasons."
    return Section("dropped", "Dropped documents", says, figures)


def of_reasons(inspected: Inspected, funnel: Funnel) -> Iterator[Excerpts]:
    for reason in list(reasons_of(funnel))[:MOST_REASONS]:
        yield drawn(reason, of_reason(inspected, funnel.name, reason, DRAW))
