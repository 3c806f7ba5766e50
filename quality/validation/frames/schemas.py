"""The frame of schemas: every Parquet file of a declared kind against the schema of its kind."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contamination.verify import HITS_SCHEMA
from pipelines.corpus import BUCKETS, CONTAMINATION, QUADRANTS, REMOVALS, SURVIVORS
from pipelines.dedup.tables import REMOVALS_SCHEMA, SURVIVORS_SCHEMA
from pipelines.documents import ATTRIBUTES, DOCUMENTS, REJECTED, REJECTED_SCHEMA, SCHEMA, attributes_schema
from pipelines.shards import INDEX, INDEX_SCHEMA
from pipelines.store import Draft
from quality.bucketing.assign import BUCKETS_SCHEMA
from quality.perplexity.assigned import SCHEMA as QUADRANTS_SCHEMA
from quality.perplexity.attributes import PERPLEXITY
from quality.perplexity.attributes import SCHEMA as PERPLEXITY_SCHEMA
from quality.scoring.table import SCORE_FILES, SCORES_SCHEMA

SCHEMAS = {
    DOCUMENTS: SCHEMA,
    REJECTED: REJECTED_SCHEMA,
    ATTRIBUTES: attributes_schema([]),
    SURVIVORS: SURVIVORS_SCHEMA,
    f"{SURVIVORS}/*": SURVIVORS_SCHEMA,
    f"{REMOVALS}/*": REMOVALS_SCHEMA,
    CONTAMINATION: HITS_SCHEMA,
    SCORE_FILES: SCORES_SCHEMA,
    BUCKETS: BUCKETS_SCHEMA,
    INDEX: INDEX_SCHEMA,
    PERPLEXITY: PERPLEXITY_SCHEMA,
    QUADRANTS: QUADRANTS_SCHEMA,
}
HAVE_MORE = {ATTRIBUTES, BUCKETS}  # columns than those declared: one for each measure or scorer


def parquet_files(draft: Draft) -> pa.Table:
    """A row for each Parquet file of a kind with a schema: its columns of another name or type than declared."""
    rows = []
    for pattern, declared in SCHEMAS.items():
        for path in sorted(path for path in draft.folder.glob(pattern) if path.is_file()):
            wrong = list(wrong_columns(path, declared, has_more=pattern in HAVE_MORE))
            file = path.relative_to(draft.folder).as_posix()
            rows.append({"file": file, "num_wrong_columns": len(wrong), "wrong_columns": wrong})
    return pa.Table.from_pylist(rows)


def wrong_columns(path: Path, declared: pa.Schema, *, has_more: bool) -> Iterator[str]:
    """In what a file's columns are not as declared."""
    found = pq.read_schema(path)
    for field in declared:
        if field.name not in found.names:
            yield f"{field.name} is missing"
        elif found.field(field.name).type != field.type:
            yield f"{field.name} is {found.field(field.name).type}, not {field.type}"
    if not has_more:
        yield from (f"{name} is not declared" for name in found.names if name not in declared.names)
