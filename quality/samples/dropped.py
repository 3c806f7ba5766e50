"""Everything of a domain that was dropped on the way, at whichever step, with the reason that was counted there."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contamination.step import reasons_of
from pipelines.corpus import BUCKETS, CONTAMINATION, REMOVALS, SURVIVORS
from pipelines.dedup.tables import reasons
from pipelines.documents import ATTRIBUTES, REJECTED
from pipelines.store import Artifact
from quality.samples.inspected import Inspected
from quality.samples.rows import batches

DOCUMENTS, DEDUP, DECONTAMINATION, IN_BUCKETS = "documents", "dedup", "decontamination", "buckets"  # the steps

SCHEMA = pa.schema(
    [
        pa.field("step", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("id", pa.string()),  # null where no text was extracted
        pa.field("source", pa.string(), nullable=False),
        pa.field("snapshot", pa.string(), nullable=False),
        pa.field("locator", pa.string(), nullable=False),
    ]
)
PLACE = ("source", "snapshot", "locator")


def dropped(inspected: Inspected, domain: str, source: str | None = None) -> Iterator[pa.Table]:
    """What was dropped of a domain, or of one source of it, in SCHEMA, a batch at a time.

    Raises:
        PhaselineError: there is no such domain or source.
    """
    sources = inspected.sources_of(domain, source)
    corpus = inspected.corpus
    yield from rejected(inspected.documents_of(sources))
    for rows in batches(corpus.dedup.files(f"{REMOVALS}/*"), [*PLACE, "id", "step", "survivor_split"]):
        yield in_schema(rows, DEDUP, reasons(rows)).filter(pc.field("source").isin(sources))
    yield from of_survivors(corpus.dedup.files(f"{SURVIVORS}/*"), sources, DECONTAMINATION, contaminated(corpus.clean))
    if domain in inspected.buckets:
        yield from of_survivors(
            corpus.clean.files(SURVIVORS), sources, IN_BUCKETS, not_placed(inspected.buckets[domain])
        )


def reason_sizes(inspected: Inspected, domain: str) -> dict[str, dict[str, int]]:
    """How many records of a domain were dropped, by step and reason, the most frequent first."""
    sizes: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for rows in dropped(inspected, domain):
        for row in rows.group_by(["step", "reason"]).aggregate([([], "count_all")]).to_pylist():
            sizes[row["step"]][row["reason"]] += row["count_all"]
    return {step: dict(sorted(of.items(), key=lambda pair: (-pair[1], pair[0]))) for step, of in sizes.items()}


def rejected(documents: Sequence[Artifact]) -> Iterator[pa.Table]:
    """The records that became no documents; their ids are in the attributes beside them."""
    for artifact in documents:
        for path in artifact.files(REJECTED):
            attributes = path.with_name(path.name.replace("rejected-", "attributes-", 1))
            of_texts = pa.concat_tables(batches([attributes], ["locator", "id", "kept"])).filter(~pc.field("kept"))
            for rows in batches([path], [*PLACE, "reason"]):
                ids = of_texts["id"].take(pc.index_in(rows["locator"], of_texts["locator"].combine_chunks()))
                yield in_schema(rows.append_column("id", ids), DOCUMENTS, rows["reason"])


def of_survivors(
    files: Sequence[Path], sources: Sequence[str], step: str, why: Callable[[pa.Table], pa.ChunkedArray]
) -> Iterator[pa.Table]:
    """The survivors of some sources that a step drops: those for which ``why`` gives a reason, not null."""
    for batch in batches(files, ["id", "source", "snapshot", "places"]):
        rows = batch.filter(pc.field("source").isin(sources))
        rows = rows.append_column("locator", pc.struct_field(pc.list_element(rows["places"], 0), "locator"))
        found = why(rows)
        yield in_schema(rows.filter(pc.is_valid(found)), step, found.drop_null())


def contaminated(clean: Artifact) -> Callable[[pa.Table], pa.ChunkedArray]:
    """Why decontamination drops documents."""
    hits = pa.concat_tables(batches([clean.folder / CONTAMINATION], ["id", "benchmark"]))
    names = clean.record.parameters["benchmarks"]
    return lambda rows: reasons_of(rows, hits, names)


def not_placed(buckets: Artifact) -> Callable[[pa.Table], pa.ChunkedArray]:
    """Why documents are in no bucket."""
    rows_of_buckets = pa.concat_tables(batches([buckets.folder / BUCKETS], ["id", "reason"]))
    without = rows_of_buckets.filter(pc.field("reason").is_valid()).combine_chunks()
    return lambda rows: without["reason"].take(pc.index_in(rows["id"], without["id"].combine_chunks()))


def in_schema(rows: pa.Table, step: str, reason: pa.ChunkedArray | pa.Array) -> pa.Table:
    columns = {"step": pa.repeat(step, len(rows)), "reason": reason}
    return pa.table([columns[name] if name in columns else rows[name] for name in SCHEMA.names], schema=SCHEMA)


def languages_of(inspected: Inspected, sources: Sequence[str]) -> pa.Table:
    """The language of every text of some sources, kept or not: id and language."""
    files = [path for artifact in inspected.documents_of(sources) for path in artifact.files(ATTRIBUTES)]
    return pa.concat_tables(batches(files, ["id", "language"]))
