"""What ``inspect --document`` shows: everything that the corpus knows of one document."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from assets.shown_text import block, one_line
from assets.tables import console, new_table
from quality.samples.explain import explain
from quality.samples.explanation import Explanation, Opinion, Record
from quality.samples.inspected import Inspected

MOST_RECORDS = 10


def explain_document(inspected: Inspected, document: str, *, max_characters: int, as_json: bool) -> None:
    """Show where a document comes from, what became of it, and why.

    Raises:
        PhaselineError: no record of the corpus has a text with this id.
    """
    found = explain(inspected, document, max_characters)
    if as_json:
        print(json.dumps({"verdict": found.verdict, **asdict(found)}, indent=1))
        return
    console.print(Text.assemble((found.id, "bold"), ": ", one_line(found.verdict)))
    for line in findings(found):
        console.print(one_line(line))
    console.print()
    for record in found.records[:MOST_RECORDS]:
        for part in record_lines(record):
            console.print(part)
    if len(found.records) > MOST_RECORDS:
        console.print(f"and {len(found.records) - MOST_RECORDS:,} records more", style="dim")
    for table in (rules_table(found.records[0]), scores_table(found.opinions)):
        if table.row_count:
            console.print()
            console.print(table)
    for opinion in found.opinions:
        if opinion.words:
            console.print(words(opinion))
    console.print()
    console.print(block(found.text, found.records[0].num_bytes))


def findings(found: Explanation) -> Iterator[str]:
    """What each step found, a sentence each."""
    if found.num_removed:
        yield f"dedup removed {found.num_removed:,} records for it"
    for hit in found.hits:
        yield f"of {hit.record} of {hit.benchmark} it contains: {hit.excerpt}"
    if found.split is not None:
        yield f"split {found.split}"
    if found.placement is not None and found.placement.bucket is not None:
        placed = found.placement
        excused = f", which excuses it from {placed.excused}" if placed.excused else ""
        yield f"bucket {placed.bucket}, for its level is {placed.level}{excused} ({placed.artifact})"
    quadrant = found.quadrant
    if quadrant is not None and quadrant.nll is not None:
        perplexity = f"perplexity {math.exp(quadrant.nll):.4g}, perplexity difference {quadrant.pd:.3f}"
        yield f"quadrant {quadrant.quadrant}: {perplexity}"
    elif quadrant is not None:
        yield f"no quadrant: {quadrant.reason}"
    for position in found.shards:
        yield f"{position.num_tokens:,} tokens at {position.offset:,} of {position.shards}"


def record_lines(record: Record) -> Iterator[Text]:
    """Where the text was found, and whether it became a document there."""
    if record.is_document:
        state = "a document" + (f" that breaks {record.reason}" if record.reason else "")
    else:
        state = f"dropped: {record.reason} ({record.detail})"
    language = f"{record.language} {record.language_score:.2f}"
    parts = (record.source, record.snapshot, language, record.licence, f"{record.num_bytes:,} bytes", state)
    yield one_line(" · ".join(part for part in parts if part))
    yield Text.assemble(
        " at ", one_line(" · ".join(part for part in (record.locator, record.url) if part)), style="dim"
    )


def rules_table(record: Record) -> Table:
    """Every value that a record was held against; what breaks a rule is marked."""
    table = new_table(f"Rules of {record.source}", "rule", "measure", "value", "bound", "")
    for rule in record.rules:
        value = "–" if rule.value is None else decimal(rule.value)
        bound = f"{'≥' if rule.is_minimum else '≤'} {decimal(rule.bound)}"
        table.add_row(
            rule.reason,
            rule.measure,
            value,
            bound,
            "breaks" if rule.is_broken else "",
            style="red" if rule.is_broken else "",
        )
    return table


def decimal(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def scores_table(opinions: Sequence[Opinion]) -> Table:
    """What each scorer gives, and which of them decided."""
    table = new_table("Scores", "scorer", "score", "level of 0 to 19", "")
    for opinion in opinions:
        score = opinion.reason if opinion.score is None else f"{opinion.score:.4g}"
        level = "–" if opinion.level is None else str(opinion.level)
        table.add_row(opinion.scorer, score, level, "decides" if opinion.is_decisive else "")
    return table


def words(opinion: Opinion) -> Text:
    """The words that speak for and against a document, with what each adds to the logit of its score."""
    speaking = ", ".join(f"{word} {part:+.2f}" for word, part in opinion.words)
    return Text.assemble((f"{opinion.scorer} weighs: ", "dim"), one_line(speaking))
