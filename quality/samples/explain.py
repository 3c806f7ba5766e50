"""Why one document is where it is: what each step of the corpus wrote down about it."""

from collections.abc import Iterator

import pyarrow as pa

from pipelines.corpus import REMOVALS, SURVIVORS
from pipelines.dedup.tables import REMOVALS_SCHEMA, reasons
from pipelines.documents import ATTRIBUTES, DOCUMENTS, REJECTED
from pipelines.errors import PhaselineError
from pipelines.shards import INDEX
from pipelines.store import Artifact
from quality.samples.explanation import Explanation, Hit, InQuadrant, Placement, Position, Record, Removal
from quality.samples.facts import bucket_rows, hit_rows, quadrant_rows, similarity
from quality.samples.inspected import Inspected
from quality.samples.opinions import opinions
from quality.samples.rows import Row, rows_with
from quality.samples.rules import held_rules


def explain(inspected: Inspected, document: str, max_characters: int = 600, most_words: int = 8) -> Explanation:
    """Explain a document by its id, from what the corpus holds alone.

    Args:
        max_characters: of its text.
        most_words: how many words for it and how many against it each classifier names.

    Raises:
        PhaselineError: no record of the corpus has a text of this id.
    """
    dedup = inspected.corpus.dedup
    found = [pair for artifact in inspected.corpus.documents for pair in records_in(artifact, document)]
    if not found:
        raise PhaselineError(
            f"no record behind {inspected.corpus.clean.name} has a text with the id {document}",
            "check the id: it is the first column of documents and of the indices of shards",
        )
    found.sort(key=lambda pair: not pair[0].is_document)
    record, text = found[0]
    survivor = next(iter(rows_with(dedup.files(f"{SURVIVORS}/*"), "id", [document])), None)
    return Explanation(
        id=document,
        text=text[:max_characters],
        records=[each for each, _ in found],
        split=survivor["split"] if survivor else None,
        num_removed=len(rows_with(dedup.files(f"{REMOVALS}/*"), "survivor_id", [document], ["id"])),
        removal=None if survivor else removal_of(dedup, document),
        hits=[
            Hit(row["benchmark"], row["record"], row["share"], row["excerpt"])
            for row in hit_rows(inspected, [document])
        ],
        opinions=opinions(inspected, document, record, text, most_words) if record.is_document else [],
        placement=placement_of(inspected, document, survivor),
        quadrant=quadrant_of(inspected, document),
        shards=list(positions(inspected, document)),
    )


def records_in(documents: Artifact, document: str) -> Iterator[tuple[Record, str]]:
    """The records of a snapshot that have a document's text, each with the text, or the excerpt that was kept of it."""
    for attributes in rows_with(documents.files(ATTRIBUTES), "id", [document]):
        row = record_row(documents, attributes)
        record = Record(
            **{name: row[name] for name in ("source", "snapshot", "locator", "url")},
            **{name: attributes[name] for name in ("language", "language_score", "num_bytes", "reason")},
            licence=row.get("licence"),
            is_document=attributes["kept"],
            detail=row.get("detail"),
            rules=held_rules(documents, attributes),
        )
        yield record, row["text"] if attributes["kept"] else row["excerpt"]


def record_row(documents: Artifact, attributes: Row) -> Row:
    """The document of a row of attributes, or what was rejected."""
    if attributes["kept"]:
        rows = rows_with(documents.files(DOCUMENTS), "id", [attributes["id"]])
        return next(row for row in rows if row["locator"] == attributes["locator"])
    rows = rows_with(documents.files(REJECTED), "locator", [attributes["locator"]])
    return next(row for row in rows if row["reason"] == attributes["reason"])


def removal_of(dedup: Artifact, document: str) -> Removal | None:
    """For which survivor dedup removed a text; None where it never came so far."""
    rows = rows_with(dedup.files(f"{REMOVALS}/*"), "id", [document])
    if not rows:
        return None
    reason = reasons(pa.Table.from_pylist(rows[:1], schema=REMOVALS_SCHEMA))[0].as_py()
    return Removal(reason, similarity(rows[0]), rows[0]["survivor_id"], rows[0]["survivor_source"])


def placement_of(inspected: Inspected, document: str, survivor: Row | None) -> Placement | None:
    """The bucket of a survivor; None of what did not survive, or is of a domain without buckets."""
    for buckets in inspected.buckets.values():
        for row in bucket_rows(buckets, [document]):
            broken = survivor["broken_rule"] if survivor and row["bucket"] is not None else None
            return Placement(buckets.name, row["bucket"], row["level"], row["reason"], excused=broken)
    return None


def quadrant_of(inspected: Inspected, document: str) -> InQuadrant | None:
    if inspected.quadrants is None:
        return None
    rows = quadrant_rows(inspected, inspected.quadrants, [document])
    return InQuadrant(*(rows[0][name] for name in ("quadrant", "reason", "nll", "pd"))) if rows else None


def positions(inspected: Inspected, document: str) -> Iterator[Position]:
    """Where a document stands in shards made from the corpus."""
    for shards, _ in inspected.corpus.shards:
        for row in rows_with([shards.folder / INDEX], "id", [document], ["offset", "length"]):
            yield Position(shards.name, row["offset"], row["length"])
