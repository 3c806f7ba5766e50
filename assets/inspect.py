"""What the ``inspect`` command shows: documents drawn by bucket, score, quadrant, reason or cluster of duplicates."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from assets.shown_text import block, one_line
from assets.tables import console, new_table
from pipelines.errors import PhaselineError
from quality.samples.dropped import reason_sizes
from quality.samples.duplicates import cluster_of, largest_clusters
from quality.samples.inspected import Inspected
from quality.samples.rejected import of_reason
from quality.samples.sample import Cluster, Draw, Drawn, Sample
from quality.samples.survivors import bucket_sizes, of_bucket, of_quadrant, of_score, quadrant_sizes, score_ranges

LARGEST = "largest"  # in place of a document's id: the largest clusters


def inspect(
    found: Inspected,
    domain: str,
    draw: Draw,
    *,
    bucket: str | None = None,
    score: Sequence[str] | None = None,
    quadrant: str | None = None,
    rejected: str | None = None,
    duplicates: str | None = None,
    as_json: bool,
) -> None:
    """Show documents of a domain, drawn from what one of the options selects; without any, what can be selected.

    Args:
        score: a scorer, and the least and the greatest score.
        rejected: a reason.
        duplicates: a document of the cluster to show, or LARGEST.

    Raises:
        PhaselineError: a name is none, a score is no number, or what is asked for is not made.
    """
    if bucket is not None:
        show(f"{domain}, bucket {bucket}", of_bucket(found, domain, bucket, draw), draw, as_json)
    elif score is not None:
        scorer, low, high = score[0], bound(score[1]), bound(score[2])
        title = f"{domain}, {scorer} from {low:g} to {high:g}"
        show(title, of_score(found, domain, scorer, low, high, draw), draw, as_json)
    elif quadrant is not None:
        show(f"{domain}, quadrant {quadrant}", of_quadrant(found, domain, quadrant, draw), draw, as_json)
    elif rejected is not None:
        title = f"{domain}, dropped for {rejected}"
        show(title, of_reason(found, domain, rejected, draw), draw, as_json, "dropped records")
    elif duplicates == LARGEST:
        clusters = largest_clusters(found, domain, draw)
        title = f"{domain}, {clusters.num_removed:,} records removed for {clusters.num_clusters:,} survivors"
        show_clusters(title, clusters.clusters, as_json)
    elif duplicates is not None:
        show_clusters(f"the cluster of {duplicates}", [cluster_of(found, duplicates, draw)], as_json)
    else:
        show_overview(domain, overview(found, domain), as_json)


def bound(text: str) -> float:
    """A bound of scores; raises PhaselineError where the text is no number."""
    try:
        return float(text)
    except ValueError:
        raise PhaselineError(f"{text} is no score", "name a scorer, then the least and the greatest score") from None


def show(title: str, drawn: Drawn, draw: Draw, as_json: bool, unit: str = "documents") -> None:
    """Print what was drawn, and from how many."""
    if as_json:
        print(json.dumps({"selection": title, **asdict(draw), **asdict(drawn)}, indent=1))
        return
    limits = "".join(f" {word} {name}" for word, name in (("of", draw.source), ("in", draw.language)) if name)
    counts = f"{drawn.num_candidates:,} of {drawn.num_documents:,} {unit}{limits}"
    heading(title, f"{counts}; {len(drawn.samples):,} drawn with seed {draw.seed}")
    for number, sample in enumerate(drawn.samples, 1):
        show_sample(f"{number}", sample)


def show_clusters(title: str, clusters: Sequence[Cluster], as_json: bool) -> None:
    """Print survivors, each with some of what was removed for it; a removed copy of the same text is not repeated."""
    if as_json:
        print(json.dumps({"selection": title, "clusters": [asdict(cluster) for cluster in clusters]}, indent=1))
        return
    heading(title, f"{len(clusters):,} shown")
    for number, cluster in enumerate(clusters, 1):
        show_sample(f"{number} survivor of {cluster.removed.num_candidates:,} removed", cluster.survivor)
        for sample in cluster.removed.samples:
            show_sample(f"{number} removed", sample, with_text=sample.id != cluster.survivor.id)


def heading(title: str, counts: str) -> None:
    console.print(Text.assemble((title, "bold"), f": {counts}\n"))


def show_sample(label: str, sample: Sample, *, with_text: bool = True) -> None:
    """Print the facts of a sample, then its text."""
    for line in facts_of(label, sample):
        console.print(line)
    if with_text:
        console.print(block(sample.text, sample.num_bytes))
    console.print()


def facts_of(label: str, sample: Sample) -> Iterator[Text]:
    """What is known of a sample: where it stands, then its facts, a line each."""
    named = (sample.source, sample.snapshot, sample.language, sample.licence, f"{sample.num_bytes:,} bytes")
    where = " · ".join(part for part in named if part)
    yield Text.assemble((label, "bold cyan"), " ", (sample.id or "no text", "bold"), " ", one_line(where))
    yield Text.assemble(
        " at ", one_line(" · ".join(part for part in (sample.locator, sample.url) if part)), style="dim"
    )
    facts = " · ".join(f"{name} {value}" for name, value in sample.facts.items())
    if facts:
        yield Text.assemble(" ", one_line(facts))


def overview(found: Inspected, domain: str) -> dict[str, Any]:
    """What can be inspected of a domain: how many documents each name selects, and the range of each score."""
    has_buckets, has_quadrants = domain in found.buckets, found.quadrants is not None
    clusters = largest_clusters(found, domain, Draw(num_samples=0))
    return {
        "buckets": bucket_sizes(found, domain) if has_buckets else {},
        "scores": score_ranges(found, domain) if has_buckets else {},
        "quadrants": quadrant_sizes(found, domain) if has_quadrants else {},
        "dropped": reason_sizes(found, domain),
        "duplicates": {"num_clusters": clusters.num_clusters, "num_removed": clusters.num_removed},
    }


def show_overview(domain: str, known: Mapping[str, Any], as_json: bool) -> None:
    """Print what can be inspected of a domain, as options of the command."""
    if as_json:
        print(json.dumps({"domain": domain, **known}, indent=1))
        return
    table = new_table(f"What can be read of {domain}", "option", "documents", "says")
    for bucket, num_documents in known["buckets"].items():
        table.add_row(f"--bucket {bucket}", f"{num_documents:,}")
    for scorer, (least, greatest) in known["scores"].items():
        table.add_row(f"--score {scorer} LOW HIGH", "", f"from {least:.4g} to {greatest:.4g}")
    for quadrant, num_documents in known["quadrants"].items():
        table.add_row(f"--quadrant {quadrant}", f"{num_documents:,}")
    for step, reasons in known["dropped"].items():
        for reason, num_records in reasons.items():
            table.add_row(f"--rejected {reason}", f"{num_records:,}", f"dropped by {step}")
    clusters = known["duplicates"]
    table.add_row("--duplicates", f"{clusters['num_removed']:,}", f"removed for {clusters['num_clusters']:,} survivors")
    console.print(table)
    console.print("\nAll that is known of one document: phaseline inspect --document ID", style="dim")
