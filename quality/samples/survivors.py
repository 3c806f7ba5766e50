"""Surviving documents, drawn by their bucket, their score or their quadrant."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.corpus import BUCKETS, QUADRANTS, SURVIVORS
from pipelines.errors import PhaselineError
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.samples.facts import SCORE, scorers_of
from quality.samples.inspected import Inspected
from quality.samples.rows import Candidates, batches, draw_rows
from quality.samples.sample import Draw, Drawn
from quality.samples.texts import survivor_samples


def of_bucket(inspected: Inspected, domain: str, bucket: str, draw: Draw) -> Drawn:
    """Documents of a bucket of a domain, held out or not.

    Raises:
        PhaselineError: the domain has no buckets, the bucket no document, or a name of the draw is none.
    """
    buckets = inspected.buckets_of(domain)
    refuse_unknown("bucket", bucket, bucket_sizes(inspected, domain), buckets.name)
    rows = batches([buckets.folder / BUCKETS], ["id", "bucket"])
    return draw_survivors(inspected, domain, draw, rows, pc.field("bucket") == bucket)


def of_score(inspected: Inspected, domain: str, scorer: str, low: float, high: float, draw: Draw) -> Drawn:
    """Documents of a domain whose score by a scorer lies between ``low`` and ``high``, both included and float32.

    Raises:
        PhaselineError: the domain has no buckets, they were not made with this scorer, or a name of the draw is none.
    """
    buckets = inspected.buckets_of(domain)
    refuse_unknown("scorer", scorer, scorers_of(buckets), buckets.name)
    score = pc.field(SCORE + scorer)
    rows = batches([buckets.folder / BUCKETS], ["id", SCORE + scorer])
    in_range = (score >= np.float32(low).item()) & (score <= np.float32(high).item())
    return draw_survivors(inspected, domain, draw, rows, in_range)


def of_quadrant(inspected: Inspected, domain: str, quadrant: str, draw: Draw) -> Drawn:
    """Documents of a domain in a quadrant of perplexity and perplexity difference.

    Raises:
        PhaselineError: there are no quadrants, none of this name, or a name of the draw is none.
    """
    quadrants = inspected.made_quadrants()
    refuse_unknown("quadrant", quadrant, QUADRANT_NAMES, quadrants.name)
    rows = quadrants_of(inspected, domain)
    return draw_survivors(inspected, domain, draw, rows, pc.field("quadrant") == quadrant)


def bucket_sizes(inspected: Inspected, domain: str) -> dict[str, int]:
    """The documents of each bucket of a domain that has any, the best bucket first.

    Raises:
        PhaselineError: the domain has no buckets.
    """
    rows = pa.concat_tables(batches([inspected.buckets_of(domain).folder / BUCKETS], ["bucket", "level"]))
    placed = rows.filter(pc.field("bucket").is_valid())
    sizes = placed.group_by("bucket").aggregate([("level", "max"), ([], "count_all")]).sort_by(
        [("level_max", "descending")]
    )  # fmt: skip
    return dict(zip(sizes["bucket"].to_pylist(), sizes["count_all"].to_pylist(), strict=True))


def score_ranges(inspected: Inspected, domain: str) -> dict[str, tuple[float, float]]:
    """The least and the greatest score of a domain's survivors by each scorer that scored any.

    Raises:
        PhaselineError: the domain has no buckets.
    """
    buckets = inspected.buckets_of(domain)
    ranges = {}
    for scorer in scorers_of(buckets):
        rows = pa.concat_tables(batches([buckets.folder / BUCKETS], [SCORE + scorer]))
        found = pc.min_max(rows[SCORE + scorer]).as_py()
        if found["min"] is not None:
            ranges[scorer] = found["min"], found["max"]
    return ranges


def quadrant_sizes(inspected: Inspected, domain: str) -> dict[str, int]:
    """The documents of a domain in each quadrant.

    Raises:
        PhaselineError: there are no quadrants.
    """
    sizes = Counter(name for rows in quadrants_of(inspected, domain) for name in rows["quadrant"].to_pylist())
    return {name: sizes[name] for name in QUADRANT_NAMES}


def quadrants_of(inspected: Inspected, domain: str) -> Iterator[pa.Table]:
    """The documents of a domain that have a quadrant or a reason for none: id and quadrant."""
    inspected.sources_of(domain)
    names = [shards.asset.removeprefix("shards/") for shards, of in inspected.corpus.shards if of.domain == domain]
    for rows in batches([inspected.made_quadrants().folder / QUADRANTS], ["id", "shards", "quadrant"]):
        yield rows.filter(pc.field("shards").isin(names)).select(["id", "quadrant"])


def draw_survivors(
    inspected: Inspected, domain: str, draw: Draw, rows: Iterable[pa.Table], condition: pc.Expression
) -> Drawn:
    """Draw from the rows of a domain's documents that fulfil a condition; ``rows`` have the column id."""
    if draw.source is not None or draw.language is not None:
        of_draw = ids_of(inspected, domain, draw)
        rows = (batch.filter(pc.is_in(batch["id"], of_draw)) for batch in rows)
    candidates = Candidates(rows, condition)
    drawn = draw_rows(candidates, draw.num_samples, draw.seed)
    samples = survivor_samples(inspected, [row["id"] for row in drawn.rows], draw.max_characters)
    return Drawn(drawn.num_candidates, candidates.num_rows, samples)


def ids_of(inspected: Inspected, domain: str, draw: Draw) -> pa.ChunkedArray:
    """The ids of a domain's survivors that are of the source and in the language that a draw asks for.

    Raises:
        PhaselineError: no survivor is of this source or in this language.
    """
    sources = inspected.sources_of(domain, draw.source)
    files = inspected.corpus.clean.files(SURVIVORS)
    of_sources = pa.concat_tables(
        rows.filter(pc.field("source").isin(sources)) for rows in batches(files, ["id", "source", "language"])
    )
    if draw.language is None:
        return of_sources["id"]
    refuse_unknown("language", draw.language, sorted(pc.unique(of_sources["language"]).to_pylist()), domain)
    return of_sources.filter(pc.field("language") == draw.language)["id"]


def refuse_unknown(what: str, name: str, known: Collection[str], of: str) -> None:
    """Raise PhaselineError where a name is not among those that exist."""
    if name not in known:
        raise PhaselineError(f"no document of {of} has the {what} {name}", f"name one of: {', '.join(known) or 'none'}")
