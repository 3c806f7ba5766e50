"""The documents' files: the schemas, and reading them by column."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.store import Artifact

DOCUMENTS = "documents-*.parquet"
REJECTED = "rejected-*.parquet"
ATTRIBUTES = "attributes-*.parquet"
ROWS_PER_BATCH = 2000

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # xxh3_128 of the text, 32 hexadecimal digits
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("snapshot", pa.string(), nullable=False),
        pa.field("locator", pa.string(), nullable=False),  # file inside the source, and record or name in the file
        pa.field("url", pa.string()),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("repository", pa.string()),
        pa.field("language", pa.string(), nullable=False),  # ISO 639 code, or the programming language
        pa.field("language_score", pa.float32(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),  # of the text in UTF-8
        pa.field("answer_start", pa.int64()),  # where in the text's bytes the answer begins that is evaluated apart
        pa.field("broken_rule", pa.string()),  # the rule that it breaks and that its bucket may excuse; null for most
    ]
)

REJECTED_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("snapshot", pa.string(), nullable=False),
        pa.field("locator", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("reason", pa.string(), nullable=False),  # the name of the rule, as counted in the record's flows
        pa.field("detail", pa.string(), nullable=False),  # the rule's value and its bound, for people
        pa.field("num_bytes", pa.int64(), nullable=False),  # of what was rejected: the text, or the raw bytes before it
        pa.field("excerpt", pa.string(), nullable=False),  # the first 200 characters
    ]
)


def attributes_schema(measures: Sequence[str]) -> pa.Schema:
    """The schema of attributes: a row for each record that has text, kept or not, in the order of reading.

    What is kept is among the documents. ``reason`` says why a record is not; of a kept one it is the document's
    ``broken_rule``, null for most.

    Args:
        measures: the names of the values that rules are held against or that extraction gives; null where not measured.
    """
    return pa.schema(
        [
            pa.field("locator", pa.string(), nullable=False),
            pa.field("id", pa.string(), nullable=False),
            pa.field("kept", pa.bool_(), nullable=False),
            pa.field("reason", pa.string()),
            pa.field("num_bytes", pa.int64(), nullable=False),
            pa.field("language", pa.string(), nullable=False),
            pa.field("language_score", pa.float32(), nullable=False),
            *(pa.field(name, pa.float32()) for name in measures),
        ]
    )


def read_documents(artifact: Artifact, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The documents of one artifact in file order, a batch at a time; all columns unless some are named."""
    for path in artifact.files(DOCUMENTS):
        yield from pq.ParquetFile(path).iter_batches(ROWS_PER_BATCH, columns=list(columns) if columns else None)


def documents_table(artifacts: Sequence[Artifact], columns: Sequence[str]) -> pa.Table:
    """Some columns of the documents of several artifacts, as one table in the order given."""
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    batches = [batch for artifact in artifacts for batch in read_documents(artifact, columns)]
    return pa.Table.from_batches(batches, schema=schema) if batches else schema.empty_table()
