"""Documents and survivors as real artifacts, as little of them as what reads selected documents needs."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import DEDUP, SURVIVORS
from pipelines.dedup.tables import SURVIVORS_SCHEMA
from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.store import Artifact, Draft, Store

ROWS_PER_GROUP = 4
READ = pa.schema([SCHEMA.field(name) for name in ("id", "text", "source")])
SURVIVING = pa.schema(
    [
        SURVIVORS_SCHEMA.field(name)
        for name in ("id", "source", "domain", "licence", "language", "num_bytes", "split", "broken_rule")
    ]
)


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
    store: Store,
    texts_of_sources: Mapping[str, Sequence[str]],
    held_out: Sequence[str] = (),
    domain: str = "web",
    broken_rules: Mapping[str, str] | None = None,
) -> Artifact:
    """Survivors of one domain; ``broken_rules`` are those of some texts."""

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
                "broken_rule": (broken_rules or {}).get(text),
            }
            for source, texts in texts_of_sources.items()
            for text in texts
        ]
        table = pa.Table.from_pylist(rows, schema=SURVIVING).sort_by("id")
        pq.write_table(table, draft.folder / SURVIVORS)

    return store.ensure(DEDUP, make, code_version="1", parameters={}).artifact
