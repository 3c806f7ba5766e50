"""The section on buckets: how much of each domain is how good, where it comes from, and what was excused."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.colours import Colour
from pipelines.corpus import TRAIN
from pipelines.store import Artifact
from quality.bucketing.levels import NUM_LEVELS
from quality.bucketing.plots import bucket_colours
from quality.report.artifacts import CorpusArtifacts
from quality.report.excerpts import DRAW, drawn
from quality.report.figures import Excerpts, Figure, StackedBars, Table, plots_of, stacked_bars, with_others
from quality.report.page import Section
from quality.report.units import bytesize, count, counted, listed, percent
from quality.samples.inspected import Inspected
from quality.samples.survivors import bucket_sizes, of_bucket

MOST_LABELS = 12
EXPLAINS = (
    "A document's level is the best of its levels by several scorers, and decides its bucket. The population stability "
    "index says how far the levels have moved from those of the documents that they were fitted to: 0 is no change, "
    "below 0.1 none to speak of, above 0.25 another population."
)

Sizes = Mapping[str, Mapping[str, int]]  # documents and bytes by bucket


def buckets_section(artifacts: CorpusArtifacts) -> Section:
    """What the buckets of each domain hold."""
    buckets = artifacts.corpus.buckets
    figures = [figure for domain, artifact in buckets.items() for figure in figures_of(artifacts, domain, artifact)]
    says = " ".join(in_words(domain, artifact) for domain, artifact in buckets.items()) or "There are no buckets."
    return Section("buckets", "Buckets", says, figures, EXPLAINS if buckets else "", artifacts.missing_of("buckets/"))


def in_words(domain: str, buckets: Artifact) -> str:
    documents, facts = buckets.record.flows["documents"], buckets.record.facts
    best = next(iter(facts["buckets"]))
    in_best, total = facts["buckets"][best]["num_bytes"], num_bytes(facts["buckets"])
    says = f"Of {domain}, {percent(in_best, total)} of the text is in the best bucket, {best}"
    dropped = documents.num_in - documents.num_kept
    says += f"; {count(dropped)} of {count(documents.num_in)} documents are in none." if dropped else "."
    return f"{says}{excused_in_words(facts)} Population stability index: {facts['population_stability_index']:.3f}."


def excused_in_words(facts: Mapping[str, Any]) -> str:
    """Which buckets do without rules, and how many documents stay for it."""
    excusing = [bucket for bucket, patterns in facts["without_rules"].items() if patterns]
    if not excusing:
        return ""
    sizes = [size["num_documents"] for by_bucket in facts["excused"].values() for size in by_bucket.values()]
    buckets = f"The bucket {listed(excusing)} does" if len(excusing) == 1 else f"The buckets {listed(excusing)} do"
    patterns = sorted({pattern for patterns in facts["without_rules"].values() for pattern in patterns})
    staying = counted(sum(sizes), "document")
    return f" {buckets} without the rules {listed(patterns)}, which keeps {staying}."


def figures_of(artifacts: CorpusArtifacts, domain: str, buckets: Artifact) -> list[Figure]:
    facts = buckets.record.facts
    colours = bucket_colours(list(facts["buckets"]))
    return [
        shares(f"{domain}: text, by source", facts["buckets_by_source"], colours),
        shares(f"{domain}: text, by language", facts["buckets_by_language"], colours),
        *plots_of(buckets, {"buckets": f"{domain}: text, by level"}),
        buckets_table(domain, facts, tokens_by_bucket(artifacts, domain)),
        excused_table(domain, facts["excused"]),
        dropped_table(domain, buckets),
        *to_read(artifacts.inspected, domain),
    ]


def num_bytes(sizes: Sizes) -> int:
    return sum(size["num_bytes"] for size in sizes.values())


def shares(title: str, sizes: Mapping[str, Sizes], colours: Mapping[str, Colour]) -> StackedBars:
    amounts = {label: {bucket: size["num_bytes"] for bucket, size in of.items()} for label, of in sizes.items()}
    return stacked_bars(title, with_others(amounts, MOST_LABELS), colours, bytesize)


def tokens_by_bucket(artifacts: CorpusArtifacts, domain: str) -> dict[str, int]:
    """The tokens in the training shards of a domain that are made, by bucket."""
    return {
        shards.record.facts["bucket"]: shards.record.facts["num_tokens"]
        for shards, of in artifacts.corpus.shards
        if (of.domain, of.split) == (domain, TRAIN)
    }


def buckets_table(domain: str, facts: Mapping[str, Any], num_tokens: Mapping[str, int]) -> Table:
    total = num_bytes(facts["buckets"])
    levels = levels_of(facts["min_levels"])
    rows = [
        [
            bucket,
            levels[bucket],
            count(size["num_documents"]),
            bytesize(size["num_bytes"]),
            percent(size["num_bytes"], total),
            count(num_tokens.get(bucket)),
        ]
        for bucket, size in facts["buckets"].items()
    ]
    numbers = ("levels", "documents", "text", "share", "training tokens")
    return Table(f"{domain}: the buckets", ("bucket",), numbers, rows, is_open=True, is_wide=False)


def levels_of(min_levels: Mapping[str, int]) -> dict[str, str]:
    """The levels of each bucket, the best bucket first: ``19``, ``12–18``."""
    levels, highest = {}, NUM_LEVELS - 1
    for bucket, lowest in min_levels.items():
        levels[bucket] = str(lowest) if lowest == highest else f"{lowest}–{highest}"
        highest = lowest - 1
    return levels


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


def to_read(inspected: Inspected, domain: str) -> Iterator[Excerpts]:
    """Some documents of each bucket."""
    for bucket in bucket_sizes(inspected, domain):
        yield drawn(f"{domain}: documents of {bucket}", of_bucket(inspected, domain, bucket, DRAW))
