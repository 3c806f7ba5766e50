"""The section on buckets: how much of each domain is how good, where it comes from, and what was excused."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.corpus import TRAIN
from pipelines.store import Artifact
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import Colour, Figure, StackedBars, Table, plots_of, stacked_bars
from quality.report.page import Section
from quality.report.units import bytesize, count, percent

MOST_LANGUAGES = 12
DARK = 0.5  # the luminance below which what is written on an area is white

Sizes = Mapping[str, Mapping[str, int]]  # documents and bytes by bucket


def buckets_section(artifacts: CorpusArtifacts) -> Section:
    """What the buckets of each domain hold."""
    buckets = artifacts.corpus.buckets
    figures = [figure for domain, artifact in buckets.items() for figure in figures_of(artifacts, domain, artifact)]
    says = " ".join(in_words(domain, artifact) for domain, artifact in buckets.items()) or "There are no buckets."
    return Section("buckets", "Buckets", says, figures, artifacts.missing_of("buckets/"))


def in_words(domain: str, buckets: Artifact) -> str:
    documents, facts = buckets.record.flows["documents"], buckets.record.facts
    best = next(iter(facts["buckets"]))
    in_best, total = facts["buckets"][best]["num_bytes"], num_bytes(facts["buckets"])
    says = f"Of {domain}, {percent(in_best, total)} of the text is in the bucket {best}"
    dropped = documents.num_in - documents.num_kept
    says += f"; {count(dropped)} of {count(documents.num_in)} documents are in none." if dropped else "."
    index = facts["population_stability_index"]
    return f"{says} The population stability index against the documents that levels were fitted to is {index:.3f}."


def figures_of(artifacts: CorpusArtifacts, domain: str, buckets: Artifact) -> list[Figure]:
    facts = buckets.record.facts
    colours = bucket_colours(list(facts["buckets"]))
    return [
        shares(f"{domain}: text, by source", facts["buckets_by_source"], colours),
        shares(f"{domain}: text, by language", largest(facts["buckets_by_language"]), colours),
        *plots_of(buckets, f"{domain}: "),
        buckets_table(domain, facts, tokens_by_bucket(artifacts, domain)),
        excused_table(domain, facts["excused"]),
        dropped_table(domain, buckets),
    ]


def bucket_colours(names: Sequence[str]) -> dict[str, Colour]:
    """A colour for each bucket, the best first, as in the plot of the artifact."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex
    from numpy import linspace

    colours = {}
    for name, colour in zip(names, colormaps["viridis"](linspace(0.9, 0.1, len(names))), strict=True):
        lightness = sum(weight * part for weight, part in zip((0.3, 0.6, 0.1), colour, strict=False))
        colours[name] = Colour(to_hex(colour), "white" if lightness < DARK else "black")
    return colours


def num_bytes(sizes: Sizes) -> int:
    return sum(size["num_bytes"] for size in sizes.values())


def largest(sizes: Mapping[str, Sizes]) -> dict[str, Sizes]:
    """The languages with the most bytes, the largest first."""
    most = sorted(sizes, key=lambda label: (-num_bytes(sizes[label]), label))[:MOST_LANGUAGES]
    return {label: sizes[label] for label in most}


def shares(title: str, sizes: Mapping[str, Sizes], colours: Mapping[str, Colour]) -> StackedBars:
    amounts = {label: {bucket: size["num_bytes"] for bucket, size in of.items()} for label, of in sizes.items()}
    return stacked_bars(title, amounts, colours, bytesize)


def tokens_by_bucket(artifacts: CorpusArtifacts, domain: str) -> dict[str, int]:
    """The tokens in the training shards of a domain that are made, by bucket."""
    return {
        shards.record.facts["bucket"]: shards.record.facts["num_tokens"]
        for shards, of in artifacts.corpus.shards
        if (of.domain, of.split) == (domain, TRAIN)
    }


def buckets_table(domain: str, facts: Mapping[str, Any], num_tokens: Mapping[str, int]) -> Table:
    total = num_bytes(facts["buckets"])
    rows = [
        [
            bucket,
            ", ".join(facts["without_rules"][bucket]),
            count(facts["min_levels"][bucket]),
            count(size["num_documents"]),
            bytesize(size["num_bytes"]),
            percent(size["num_bytes"], total),
            count(num_tokens.get(bucket)),
        ]
        for bucket, size in facts["buckets"].items()
    ]
    numbers = ("from level", "documents", "text", "share of text", "tokens in shards")
    return Table(f"{domain}: the buckets", ("bucket", "excuses from rules"), numbers, rows, is_open=True)


def excused_table(domain: str, excused: Mapping[str, Sizes]) -> Table:
    """What broke a rule and stays, because its bucket does without the rule."""
    rows = [
        [rule, bucket, count(size["num_documents"]), bytesize(size["num_bytes"])]
        for rule, by_bucket in excused.items()
        for bucket, size in by_bucket.items()
    ]
    return Table(f"{domain}: excused from rules", ("rule", "bucket"), ("documents", "text"), rows)


def dropped_table(domain: str, buckets: Artifact) -> Table:
    documents, of_bytes = (buckets.record.flows[unit].dropped for unit in ("documents", "bytes"))
    rows = [
        [reason, count(number), bytesize(of_bytes[reason])]
        for reason, number in sorted(documents.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Table(f"{domain}: in no bucket", ("reason",), ("documents", "text"), rows)
