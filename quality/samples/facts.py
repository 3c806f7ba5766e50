"""What the steps after documents know of a document, as rows and in words."""

import math
from collections import defaultdict
from collections.abc import Collection

import pyarrow.parquet as pq

from pipelines.corpus import BUCKETS, CONTAMINATION, HELD_OUT, QUADRANTS, REMOVALS
from pipelines.dedup.tables import EXACT, LINES
from pipelines.store import Artifact
from quality.perplexity.attributes import PERPLEXITY
from quality.samples.inspected import Inspected
from quality.samples.rows import Row, rows_with

SCORE, LEVEL = "score_", "level_"  # before the name of a scorer, in columns of buckets

Facts = dict[str, str]


def known_facts(inspected: Inspected, ids: Collection[str]) -> defaultdict[str, Facts]:
    """The buckets, scores and quadrants of survivors, by id; nothing of those that have none."""
    facts: defaultdict[str, Facts] = defaultdict(dict)
    for buckets in inspected.buckets.values():
        for row in bucket_rows(buckets, ids):
            facts[row["id"]] |= bucket_facts(row)
    if inspected.quadrants is not None:
        for row in quadrant_rows(inspected, inspected.quadrants, ids):
            facts[row["id"]] |= quadrant_facts(row)
    return facts


def scorers_of(buckets: Artifact) -> list[str]:
    """The scorers behind buckets."""
    names = pq.read_schema(buckets.folder / BUCKETS).names
    return [name.removeprefix(SCORE) for name in names if name.startswith(SCORE)]


def bucket_rows(buckets: Artifact, ids: Collection[str]) -> list[Row]:
    """The rows of buckets of some documents."""
    return rows_with([buckets.folder / BUCKETS], "id", ids)


def bucket_facts(row: Row) -> Facts:
    facts = {} if row["bucket"] is None else {"bucket": row["bucket"]}
    if row["level"] is not None:
        facts["level"] = str(row["level"])
    for name, score in row.items():
        if name.startswith(SCORE) and score is not None:
            scorer = name.removeprefix(SCORE)
            facts[scorer] = f"{score:.4g}, level {row[LEVEL + scorer]}"
    if row["split"] == HELD_OUT:
        facts["split"] = "held out"
    return facts


def quadrant_rows(inspected: Inspected, quadrants: Artifact, ids: Collection[str]) -> list[Row]:
    """The rows of quadrants of some documents, with the nll that they are cut by and the pd."""
    nll = f"nll_{quadrants.record.parameters['perplexity_of']}"
    files = [artifact.folder / PERPLEXITY for artifact in inspected.parents(quadrants, "quality/perplexity/")]
    losses = {row["id"]: row for row in rows_with(files, "id", ids, ["id", nll, "pd"])}
    rows = rows_with([quadrants.folder / QUADRANTS], "id", ids)
    return [row | {"nll": losses[row["id"]][nll], "pd": losses[row["id"]]["pd"]} for row in rows]


def quadrant_facts(row: Row) -> Facts:
    if row["quadrant"] is None:
        return {"no quadrant": row["reason"]}
    return {
        "quadrant": row["quadrant"],
        "perplexity": f"{math.exp(row['nll']):.4g}",
        "perplexity difference": f"{row['pd']:.3f}",
    }


def removal_facts(inspected: Inspected, ids: Collection[str]) -> dict[str, Facts]:
    """For which survivor dedup removed documents, by id."""
    return {
        row["id"]: {"similarity": similarity(row), "survivor": f"{row['survivor_id']} of {row['survivor_source']}"}
        for row in rows_with(inspected.corpus.dedup.files(f"{REMOVALS}/*"), "id", ids)
    }


def similarity(removal: Row) -> str:
    """How like its survivor a removed record is, which each step of dedup measures in its own way."""
    if removal["step"] == EXACT:
        return "the same text"
    if removal["step"] == LINES:
        return f"{removal['similarity']:.0%} of its characters are in lines of survivors"
    return f"{removal['similarity']:.2f} (Jaccard)"


def hit_rows(inspected: Inspected, ids: Collection[str]) -> list[Row]:
    """What contaminated documents contain, the largest share first."""
    rows = rows_with([inspected.corpus.clean.folder / CONTAMINATION], "id", ids)
    return sorted(rows, key=lambda row: (-row["share"], row["benchmark"], row["record"]))


def hit_facts(inspected: Inspected, ids: Collection[str]) -> dict[str, Facts]:
    """What contaminated documents contain, by id."""
    facts: defaultdict[str, list[str]] = defaultdict(list)
    for row in hit_rows(inspected, ids):
        facts[row["id"]].append(f"{row['share']:.0%} of {row['record']} of {row['benchmark']}: {row['excerpt']}")
    return {document: {"contains": "; ".join(hits)} for document, hits in facts.items()}
