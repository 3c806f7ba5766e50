"""The section on quadrants: high or low perplexity, high or low difference between a weak and a strong model."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow.parquet as pq

from pipelines.corpus import QUADRANTS_ASSET
from pipelines.store import Artifact
from quality.perplexity.examples import EXAMPLES, EXCERPT_CHARACTERS
from quality.perplexity.plots import QUADRANT_COLOURS
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.report.artifacts import CorpusArtifacts
from quality.report.excerpts import MORE
from quality.report.figures import Excerpt, Excerpts, Figure, StackedBars, Table, plots_of, stacked_bars, with_others
from quality.report.page import Section
from quality.report.units import NONE, count, decimal, listed, percent, spelt

MEANINGS = {
    "high_ppl_low_pd": "hard, and the strong model gains little on the weak one",
    "high_ppl_high_pd": "hard, and the strong model gains much",
    "low_ppl_low_pd": "easy, and the strong model gains little",
    "low_ppl_high_pd": "easy, and the strong model gains much",
}
MOST_LANGUAGES = 8
MOST_IN_WORDS = 3

Sizes = Mapping[str, Mapping[str, Mapping[str, int]]]  # by domain or language, then by quadrant


def quadrants_section(artifacts: CorpusArtifacts) -> Section:
    """What the quadrants hold; empty where there are none of this corpus."""
    anchor, title = "quadrants", "Perplexity quadrants"
    quadrants = artifacts.inspected.quadrants
    if quadrants is None:
        return Section(anchor, title, "There are no quadrants.", missing=artifacts.missing_of(QUADRANTS_ASSET))
    facts = quadrants.record.facts
    by_domain, by_language = facts["quadrants_by_domain"], facts["quadrants_by_language"]
    figures: list[Figure] = [
        tokens_bars("Scored tokens, by domain", by_domain, len(by_domain)),
        measures_table(facts["quadrants"]),
        tokens_bars("Scored tokens, by language", by_language, MOST_LANGUAGES),
        *plots_of(quadrants, {"quadrants": "Documents of the largest stratum"}),
        holdings_table(facts["quadrants"], by_domain, by_language),
        thresholds_table(facts["thresholds"], by_language, quadrants.record.parameters["split"]),
        *examples(quadrants),
    ]
    return Section(anchor, title, in_words(quadrants), figures, explained(artifacts, quadrants))


def in_words(quadrants: Artifact) -> str:
    documents, facts = quadrants.record.flows["documents"], quadrants.record.facts
    shares = {name: measures["share_of_tokens"] for name, measures in facts["quadrants"].items()}
    largest = max(shares, key=lambda name: shares[name])
    says = (
        f"{percent(shares[largest])} of the scored tokens are {MEANINGS[largest]} ({largest}). "
        f"{count(documents.num_kept)} of {count(documents.num_in)} documents in shards were scored"
    )
    without = [f"{count(number)} {spelt(reason)}" for reason, number in sorted(documents.dropped.items())]
    return f"{says}; the others were not: {listed(without)}." if without else f"{says}."


def explained(artifacts: CorpusArtifacts, quadrants: Artifact) -> str:
    declared = quadrants.record.parameters
    scores = next(artifacts.inspected.parents(quadrants, "quality/perplexity/"))
    model, max_tokens = declared["perplexity_of"], scores.record.parameters["scoring"]["max_tokens"]
    name = scores.record.facts[model]
    within = f" within each {' and '.join(declared['stratify_by'])}" if declared["stratify_by"] else ""
    halves = ", the difference in each half of the perplexity," if declared["split"] == "nested" else ""
    return (
        f"Perplexity (ppl) is that of the {model} model, {name}, over the first {count(max_tokens)} tokens of a "
        "document. The perplexity difference (pd) is the share of the weak model's perplexity that the strong model "
        f"does without, 1 − ppl strong / ppl weak. Both are cut{halves} at quantiles weighted by {declared['weight']}"
        f"{within}: perplexity at {declared['perplexity_quantile']:g}, difference at {declared['pd_quantile']:g}."
    )


def tokens_of(sizes: Sizes) -> dict[str, dict[str, int]]:
    """Tokens by domain or language, then by quadrant."""
    return {
        label: {name: size["num_tokens"] for name, size in by_quadrant.items()} for label, by_quadrant in sizes.items()
    }


def tokens_bars(title: str, sizes: Sizes, most: int) -> StackedBars:
    return stacked_bars(title, with_others(tokens_of(sizes), most), QUADRANT_COLOURS, count)


def measures_table(quadrants: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        [
            name,
            percent(measures["share_of_tokens"]),
            decimal(measures["median_perplexity"], 0),
            decimal(measures["median_pd"], 2),
            count(measures["num_documents"]),
            count(measures["num_tokens"]),
        ]
        for name, measures in quadrants.items()
    ]
    numbers = ("share", "median ppl", "median pd", "documents", "tokens")
    return Table("The quadrants", ("quadrant",), numbers, rows, is_open=True, is_wide=False)


def holdings_table(quadrants: Mapping[str, Any], by_domain: Sizes, by_language: Sizes) -> Table:
    rows = [[name, MEANINGS[name], largest_in(name, by_domain), largest_in(name, by_language)] for name in quadrants]
    return Table("What they hold", ("quadrant", "text that is", "domains", "languages"), (), rows, is_open=True)


def largest_in(quadrant: str, sizes: Sizes) -> str:
    """The domains or languages with the most tokens of a quadrant, and their shares of it."""
    tokens = {label: by_quadrant[quadrant]["num_tokens"] for label, by_quadrant in sizes.items()}
    whole = sum(tokens.values())
    most = sorted(tokens, key=lambda label: (-tokens[label], label))[:MOST_IN_WORDS]
    return ", ".join(f"{label} {percent(tokens[label], whole)}" for label in most if tokens[label]) or NONE


def thresholds_table(
    thresholds: Mapping[str, Mapping[str, Mapping[str, Any]]], by_language: Sizes, split: str
) -> Table:
    """The cuts of each stratum, those of the languages with the most tokens first where these are the strata."""
    tokens = {label: sum(by_quadrant.values()) for label, by_quadrant in tokens_of(by_language).items()}
    pd = {"pd at low ppl": "pd_of_low_ppl", "pd at high ppl": "pd_of_high_ppl"}
    if split == "marginal":  # both are the same
        pd = {"pd": "pd_of_low_ppl"}
    rows = [
        [
            stratum,
            count(tokens.get(stratum)),
            decimal(math.exp(cut["nll"]["value"]), 0),
            *(decimal(cut[of]["value"], 3) for of in pd.values()),
        ]
        for stratum, cut in sorted(thresholds.items(), key=lambda item: (-tokens.get(item[0], 0), item[0]))
    ]
    return Table("Where they are cut", ("stratum",), ("scored tokens", "ppl", *pd), rows)


def examples(quadrants: Artifact) -> Iterator[Excerpts]:
    """The examples that the quadrants' artifact holds."""
    rows = pq.read_table(quadrants.folder / EXAMPLES).to_pylist()
    for name in QUADRANT_NAMES:
        excerpts = [
            Excerpt(
                f"{row['source']}, {row['language']}",
                {
                    "id": row["id"],
                    "length": f"{count(row['num_tokens'])} tokens",
                    "ppl": decimal(row["perplexity"], 0),
                    "pd": decimal(row["pd"], 2),
                },
                row["excerpt"] + (MORE if len(row["excerpt"]) >= EXCERPT_CHARACTERS else ""),
            )
            for row in rows
            if row["quadrant"] == name
        ]
        size = quadrants.record.facts["quadrants"][name]["num_documents"]
        yield Excerpts(f"Documents of {name}", f"{count(len(excerpts))} of {count(size)}", excerpts)
