"""The section on scores: how they are distributed, where levels begin, and how scorers agree."""

from collections.abc import Mapping
from typing import Any

from pipelines.store import Artifact
from quality.bucketing.levels import NUM_LEVELS
from quality.bucketing.thresholds import read_thresholds
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import Figure, Table, plots_of
from quality.report.page import Section
from quality.report.units import count, counted, decimal, listed

PLOTS = {"scores": "where levels begin, in the largest stratum", "levels": "tokens at each level"}
EXPLAINS = (
    "The training documents of a domain that break no rule, in order of a scorer's score, are cut into twentieths of "
    "their tokens; a document's level by that scorer is the twentieth that it falls into, from 0 to 19, the best. This "
    "is done in each stratum; one with too few documents has the cuts of all documents together (all)."
)


def thresholds_section(artifacts: CorpusArtifacts) -> Section:
    """The scores of each domain that has buckets, and the thresholds of their levels."""
    fitted = artifacts.of("thresholds/")
    figures = [figure for artifact in fitted for figure in figures_of(artifacts, artifact)]
    says = " ".join(in_words(artifact) for artifact in fitted) or "There are no thresholds."
    explains = EXPLAINS if fitted else ""
    return Section("scores", "Scores and levels", says, figures, explains, artifacts.missing_of("thresholds/"))


def in_words(thresholds: Artifact) -> str:
    facts, stratify_by = thresholds.record.facts, thresholds.record.parameters["stratify_by"]
    within = f" within each {stratify_by}" if stratify_by else ""
    says = (
        f"{counted(facts['num_documents'], 'document')} of {facts['domain']} are compared{within} by "
        f"{listed(facts['scorers'])}."
    )
    correlations = [
        f"{decimal(pair['spearman'], 2)} between {listed(pair['scorers'])}" for pair in facts["rank_correlations"]
    ]
    same_order = "where 1 is the same order and 0 no relation"
    return f"{says} Rank correlation is {listed(correlations)}, {same_order}." if correlations else says


def figures_of(artifacts: CorpusArtifacts, thresholds: Artifact) -> list[Figure]:
    facts, domain = thresholds.record.facts, thresholds.record.facts["domain"]
    return [
        *(
            plot
            for scorer in facts["scorers"]
            for collection in artifacts.collection(scorer)
            for plot in plots_of(collection, {"scores": f"{scorer}: scores, by source"})
        ),
        *plots_of(thresholds, {plot: f"{domain}: {title}" for plot, title in PLOTS.items()}),
        cuts_table(domain, thresholds),
        strata_table(domain, facts["strata"]),
        unscored_table(domain, facts["without_score"]),
    ]


def cuts_table(domain: str, thresholds: Artifact) -> Table:
    """The score at which each level begins, by scorer and stratum."""
    cuts = dict(sorted(read_thresholds(thresholds).cuts.items()))
    rows = [
        [str(level), *(decimal(of[level - 1].value, 3) for of in cuts.values())]
        for level in reversed(range(1, NUM_LEVELS))
    ]
    numbers = [f"{scorer}, {stratum}" for scorer, stratum in cuts]
    return Table(f"{domain}: where levels begin", ("level",), numbers, rows)


def strata_table(domain: str, strata: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
    rows = [
        [
            scorer,
            stratum,
            "its own" if size["has_thresholds"] else "those of all documents",
            count(size["num_documents"]),
            count(size["num_tokens"]),
        ]
        for scorer, by_stratum in strata.items()
        for stratum, size in by_stratum.items()
    ]
    return Table(f"{domain}: strata", ("scorer", "stratum", "thresholds"), ("documents", "tokens"), rows)


def unscored_table(domain: str, without_score: Mapping[str, Mapping[str, int]]) -> Table:
    rows = [
        [scorer, reason, count(number)]
        for scorer, reasons in without_score.items()
        for reason, number in reasons.items()
    ]
    return Table(f"{domain}: without a score", ("scorer", "reason"), ("documents",), rows)
