"""The section on contamination: what of the benchmarks and the held-out documents was found in training text."""

from pipelines.contamination.declaration import HELD_OUT_SET
from pipelines.store import Artifact
from quality.report.figures import Excerpt, Excerpts, Table
from quality.report.page import Section
from quality.report.units import count, counted, listed, percent

EXPLAINS = (
    "A record of a benchmark, or a held-out document, is found where enough of its word n-grams stand in a training "
    "document; held_out in the table is the project's own held-out split."
)


def contamination_section(clean: Artifact) -> Section:
    """What decontamination dropped, and for which records."""
    return Section("contamination", "Contamination", in_words(clean), [benchmarks_table(clean), hits(clean)], EXPLAINS)


def in_words(clean: Artifact) -> str:
    documents = clean.record.flows["documents"]
    benchmarks = [name for name in clean.record.parameters["benchmarks"] if name != HELD_OUT_SET]
    dropped = sum(documents.dropped.values())
    of_benchmarks = dropped - documents.dropped.get(f"contaminated_{HELD_OUT_SET}", 0)
    return (
        f"Dropped: {count(of_benchmarks)} of {counted(documents.num_in, 'document')} for containing records of "
        f"{listed(benchmarks)}, {count(dropped - of_benchmarks)} for containing a held-out document."
    )


def benchmarks_table(clean: Artifact) -> Table:
    rows = [
        [
            name,
            count(found["num_records_found"]),
            count(found["num_documents"]),
            count(clean.record.flows["documents"].dropped.get(f"contaminated_{name}", 0)),
            count(found["num_texts_unchecked"]),
        ]
        for name, found in clean.record.facts["by_benchmark"].items()
    ]
    numbers = ("records found", "in documents", "documents dropped", "texts too short to look for")
    return Table("By benchmark", ("benchmark",), numbers, rows, is_open=True)


def hits(clean: Artifact) -> Excerpts:
    """The records that were found in the most documents."""
    excerpts = [
        Excerpt(
            f"{found['benchmark']}: {found['record']}",
            {
                "found in": counted(found["num_documents"], "document"),
                "most of it in": f"{found['document']}, {percent(found['share'])} of the record",
            },
            found["excerpt"],
        )
        for found in clean.record.facts["most_found"]
    ]
    words = f"{len(excerpts)}, each with the passage of a document that contains it"
    return Excerpts("The records found most", words, excerpts)
