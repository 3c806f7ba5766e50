"""Documents and survivors as real artifacts, as little of them as what reads selected documents needs."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import DEDUP, SURVIVORS
from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.store import Artifact, Draft, Store

ROWS_PER_GROUP = 4
READ = pa.schema([SCHEMA.field(name) for name in ("id", "text", "source")])


def ignore(_line: str) -> None:
    """Where progress goes in tests."""


def make_documents(store: Store, source: str, files: Sequence[Sequence[str]], domain: str = "web") -> Artifact:
    """The documents of a source, in files of the given texts."""

    def make(draft: Draft) -> None:
        for number, texts in enumerate(files):
            columns = [list(map(document_id, texts)), list(texts), [source] * len(texts)]
            table = pa.table(columns, schema=READ)
            pq.write_table(table, draft.folder / f"documents-{number:05d}.parquet", row_group_size=ROWS_PER_GROUP)
        draft.facts["domain"] = domain

    return store.ensure(f"documents/{source}", make, code_version="1", parameters={"source": source}).artifact


def make_dedup(
    store: Store, texts_of_sources: Mapping[str, Sequence[str]], held_out: Sequence[str] = (), domain: str = "web"
) -> Artifact:
    """Survivors of one domain."""

    def make(draft: Draft) -> None:
        rows = [
            {
                "id": document_id(text),
                "source": source,
                "domain": domain,
                "licence": f"licence of {source}",
                "language": "en",
                "num_bytes": len(text.encode()),
                "split": "held_out" if text in held_out else "train",
            }
            for source, texts in texts_of_sources.items()
            for text in texts
        ]
        pq.write_table(pa.Table.from_pylist(sorted(rows, key=lambda row: row["id"])), draft.folder / SURVIVORS)

    return store.ensure(DEDUP, make, code_version="1", parameters={}).artifact
