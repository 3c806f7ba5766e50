"""Records that were dropped for a reason, drawn, with what the step that dropped them wrote down."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.documents import REJECTED
from quality.samples.dropped import (
    DECONTAMINATION,
    DEDUP,
    DOCUMENTS,
    IN_BUCKETS,
    dropped,
    languages_of,
    reason_sizes,
)
from quality.samples.facts import Facts, hit_facts, known_facts, removal_facts
from quality.samples.inspected import Inspected
from quality.samples.rows import Candidates, Row, draw_rows, rows_with
from quality.samples.rules import attributes_of
from quality.samples.sample import Draw, Drawn, Sample
from quality.samples.survivors import refuse_unknown
from quality.samples.texts import place_of, samples_at

# What the steps after documents know of what they dropped, by id.
DETAILS: Mapping[str, Callable[[Inspected, Collection[str]], Mapping[str, Facts]]] = {
    DEDUP: removal_facts,
    DECONTAMINATION: hit_facts,
    IN_BUCKETS: known_facts,
}


def of_reason(inspected: Inspected, domain: str, reason: str, draw: Draw) -> Drawn:
    """Records of a domain that were dropped for a reason, at whichever step, among all that were dropped.

    Of a record that became no document the excerpt is shown that was kept of it.

    Raises:
        PhaselineError: nothing of the domain was dropped for this reason, or a name of the draw is none.
    """
    rows = dropped(inspected, domain, draw.source)
    if draw.language is not None:
        rows = in_language(inspected, domain, draw.source, draw.language, rows)
    candidates = Candidates(rows, pc.field("reason") == reason)
    drawn = draw_rows(candidates, draw.num_samples, draw.seed)
    if not drawn.num_candidates:
        known = {name for reasons in reason_sizes(inspected, domain).values() for name in reasons}
        refuse_unknown("reason", reason, sorted(known), domain)
    samples: dict[int, Sample] = {}
    for step in {row["step"] for row in drawn.rows}:
        numbers = [number for number, row in enumerate(drawn.rows) if row["step"] == step]
        found = samples_of(inspected, step, [drawn.rows[number] for number in numbers], draw.max_characters)
        samples |= zip(numbers, found, strict=True)
    return Drawn(drawn.num_candidates, candidates.num_rows, [samples[number] for number in sorted(samples)])


def in_language(
    inspected: Inspected, domain: str, source: str | None, language: str, rows: Iterable[pa.Table]
) -> Iterator[pa.Table]:
    """The rows whose text is in a language; records without text are in none."""
    languages = languages_of(inspected, inspected.sources_of(domain, source))
    refuse_unknown("language", language, sorted(pc.unique(languages["language"]).to_pylist()), domain)
    ids = languages.filter(pc.field("language") == language)["id"]
    return (batch.filter(pc.is_in(batch["id"], ids)) for batch in rows)


def samples_of(inspected: Inspected, step: str, rows: Sequence[Row], max_characters: int) -> list[Sample]:
    """What one step dropped, as samples in the order of ``rows``."""
    if step == DOCUMENTS:
        return [rejected_sample(inspected, row, max_characters) for row in rows]
    details = DETAILS[step](inspected, [row["id"] for row in rows])
    facts = {row["id"]: {"dropped by": step, "reason": row["reason"], **details[row["id"]]} for row in rows}
    return samples_at(inspected, [place_of(row) for row in rows], facts, max_characters)


def rejected_sample(inspected: Inspected, row: Row, max_characters: int) -> Sample:
    """A record that became no document."""
    documents = inspected.documents_at(row["source"], row["snapshot"])
    found = rows_with(documents.files(REJECTED), "locator", [row["locator"]])
    record = next(record for record in found if record["reason"] == row["reason"])
    texts = attributes_of(documents, "locator", [row["locator"]])
    return Sample(
        id=row["id"],
        licence=None,
        language=next((text["language"] for text in texts if text["id"] == row["id"]), None),
        **{name: record[name] for name in ("source", "snapshot", "locator", "url", "num_bytes")},
        text=record["excerpt"][:max_characters],
        facts={"dropped by": DOCUMENTS, "reason": record["reason"], "because": record["detail"]},
    )
