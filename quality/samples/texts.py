"""Documents read where they stand, as samples."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from pipelines.corpus import SURVIVORS
from pipelines.documents import DOCUMENTS
from quality.samples.facts import Facts, known_facts
from quality.samples.inspected import Inspected
from quality.samples.rows import Row, rows_with
from quality.samples.rules import attributes_of, held_rules
from quality.samples.sample import Sample

COLUMNS = ("id", "source", "snapshot", "locator", "url", "licence", "language", "num_bytes")


class Place(NamedTuple):
    """Where a document stands: a text may stand in several places."""

    id: str
    source: str
    snapshot: str
    locator: str


def survivor_samples(inspected: Inspected, ids: Sequence[str], max_characters: int) -> list[Sample]:
    """Documents that survived dedup, in the order of ``ids``, with all that is known of them."""
    files = inspected.corpus.dedup.files(f"{SURVIVORS}/*")
    places = {row["id"]: Place(row["id"], **row["places"][0]) for row in rows_with(files, "id", ids, ["id", "places"])}
    return samples_at(inspected, [places[document] for document in ids], known_facts(inspected, ids), max_characters)


def samples_at(
    inspected: Inspected, places: Sequence[Place], facts: Mapping[str, Facts], max_characters: int
) -> list[Sample]:
    """The documents at some places, in their order, with facts by id."""
    rows = documents_at(inspected, places)
    return [sample(inspected, rows[place], facts.get(place.id, {}), max_characters) for place in places]


def documents_at(inspected: Inspected, places: Collection[Place]) -> dict[Place, Row]:
    """The documents at some places: COLUMNS, text and broken_rule."""
    by_snapshot = defaultdict(set)
    for place in places:
        by_snapshot[place.source, place.snapshot].add(place.id)
    columns = [*COLUMNS, "text", "broken_rule"]
    return {
        place_of(row): row
        for (source, snapshot), ids in sorted(by_snapshot.items())
        for row in rows_with(inspected.documents_at(source, snapshot).files(DOCUMENTS), "id", ids, columns)
    }


def place_of(row: Row) -> Place:
    return Place(*(row[name] for name in Place._fields))


def sample(inspected: Inspected, document: Row, facts: Facts, max_characters: int) -> Sample:
    """A document as a sample; of one that breaks a rule, the rule is a fact as well."""
    if document["broken_rule"]:
        facts = {**facts, "excused" if "bucket" in facts else "breaks": broken_rule(inspected, document)}
    columns = {name: document[name] for name in COLUMNS}
    return Sample(**columns, text=document["text"][:max_characters], facts=facts)


def broken_rule(inspected: Inspected, document: Row) -> str:
    """The rule that a document breaks, with its value and its bound."""
    documents = inspected.documents_at(document["source"], document["snapshot"])
    (attributes,) = (
        row for row in attributes_of(documents, "locator", [document["locator"]]) if row["id"] == document["id"]
    )
    (rule,) = (rule for rule in held_rules(documents, attributes) if rule.reason == document["broken_rule"])
    return f"{rule.reason} ({rule})"
