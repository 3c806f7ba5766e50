"""The section on quadrants: high or low perplexity, high or low difference between a weak and a strong model."""

from collections.abc import Mapping
from typing import Any

from pipelines.corpus import QUADRANTS_ASSET
from pipelines.store import Artifact
from quality.classifier.plots import COLOURS as FILLS
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import Colour, Figure, StackedBars, Table, plots_of, stacked_bars
from quality.report.page import Section
from quality.report.units import count, decimal, percent

INKS = ("white", "black", "white", "white")
COLOURS = {  # as in the plot
    name: Colour(fill, ink) for name, fill, ink in zip(QUADRANT_NAMES, FILLS, INKS, strict=False)
}
MOST_LANGUAGES = 12

Sizes = Mapping[str, Mapping[str, Mapping[str, int]]]  # by domain or language, then by quadrant


def quadrants_section(artifacts: CorpusArtifacts) -> Section:
    """What the quadrants hold; empty where there are none of this corpus."""
    anchor, title = "quadrants", "Perplexity quadrants"
    quadrants = artifacts.inspected.quadrants
    if quadrants is None:
        return Section(anchor, title, "There are no quadrants.", missing=artifacts.missing_of(QUADRANTS_ASSET))
    facts = quadrants.record.facts
    figures: list[Figure] = [
        tokens_bars("Scored tokens, by domain", facts["quadrants_by_domain"]),
        tokens_bars("Scored tokens, by language", most_tokens(facts["quadrants_by_language"])),
        *plots_of(quadrants),
        measures_table(facts["quadrants"]),
        thresholds_table(facts["thresholds"]),
    ]
    return Section(anchor, title, in_words(quadrants), figures)


def in_words(quadrants: Artifact) -> str:
    documents, facts = quadrants.record.flows["documents"], quadrants.record.facts
    shares = {name: measures["share_of_tokens"] for name, measures in facts["quadrants"].items()}
    largest = max(shares, key=lambda name: shares[name])
    return (
        f"{count(documents.num_kept)} of {count(documents.num_in)} documents have a quadrant; the largest, "
        f"{largest}, holds {percent(shares[largest])} of their tokens."
    )


def tokens_bars(title: str, sizes: Sizes) -> StackedBars:
    amounts = {
        label: {name: size["num_tokens"] for name, size in by_quadrant.items()} for label, by_quadrant in sizes.items()
    }
    return stacked_bars(title, amounts, COLOURS, count)


def most_tokens(sizes: Sizes) -> Sizes:
    """The languages with the most tokens, the largest first."""

    def num_tokens(label: str) -> int:
        return sum(size["num_tokens"] for size in sizes[label].values())

    most = sorted(sizes, key=lambda label: (-num_tokens(label), label))[:MOST_LANGUAGES]
    return {label: sizes[label] for label in most}


def measures_table(quadrants: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        [
            name,
            count(measures["num_documents"]),
            count(measures["num_tokens"]),
            percent(measures["share_of_tokens"]),
            decimal(measures["median_perplexity"], 1),
            decimal(measures["median_pd"], 3),
        ]
        for name, measures in quadrants.items()
    ]
    numbers = ("documents", "tokens", "share of tokens", "median perplexity", "median difference")
    return Table("The quadrants", ("quadrant",), numbers, rows, is_open=True)


def thresholds_table(thresholds: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
    rows = [
        [stratum, *(decimal(cut[of]["value"], 4) for of in ("nll", "pd_of_low_ppl", "pd_of_high_ppl"))]
        for stratum, cut in sorted(thresholds.items())
    ]
    numbers = ("log perplexity", "difference at low perplexity", "difference at high perplexity")
    return Table("Where the quadrants are cut", ("stratum",), numbers, rows)
