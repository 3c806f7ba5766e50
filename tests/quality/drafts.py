"""Drafts of every kind of artifact, sound before a fault is planted in them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from made_shards import TokenisedDocument, write_shards

from pipelines.artifact import Artifact
from pipelines.contamination.verify import HITS_SCHEMA
from pipelines.corpus import BUCKETS, CONTAMINATION, REMOVALS, SURVIVORS
from pipelines.dedup.tables import REMOVALS_SCHEMA, SURVIVORS_SCHEMA
from pipelines.digests import document_id, keyed_hash
from pipelines.documents import REJECTED_SCHEMA, SCHEMA, attributes_schema
from pipelines.draft import Draft
from pipelines.encode import ORDER_KEY
from pipelines.held_out import HeldOut
from pipelines.process.statistics import DocumentStatistics
from pipelines.record import Flow, Parent, Record, content_digest, provenance
from quality.validation.expectations import Expectations

SUITES = Path(__file__).parents[2] / "quality/expectations"
VOCAB_SIZE = 100
END_OF_TEXT = 99
HELD_OUT_KEY = HeldOut(key="test", fraction=0.5)
LANGUAGES = {"domain": {"languages": ["en", "de"]}, "reader": {"format": "text"}}

Rows = list[dict[str, Any]]
Fault = Callable[[Rows], None]


def failed(expectations: Expectations, asset: str, draft: Draft) -> dict[str, str]:
    """The details of the checks that fail, by name in their order."""
    return {check.name: check.detail for check in expectations.validate(asset, draft) if not check.passed}


def changed(row: int, **values: Any) -> Fault:
    return lambda rows: rows[row].update(values)


def write(rows: Rows, schema: pa.Schema, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def artifact(folder: Path, asset: str, parents: Sequence[Artifact] = ()) -> Artifact:
    """A finished artifact of what lies in a folder."""
    record = Record(
        asset=asset,
        version=1,
        digest=content_digest([]),
        code_version="1",
        parameters={},
        parents=[parent.parent for parent in parents],
        flows={},
        files=[],
        checks=[],
        facts={},
        provenance=provenance(0.0),
    )
    return Artifact(folder, record)


def document_rows(num_documents: int = 5, file: str = "pages.jsonl") -> Rows:
    return [
        document_row(f"{file}:{index}", f"Document number {index} of {file}, with enough words.")
        for index in range(num_documents)
    ]


def document_row(locator: str, text: str) -> dict[str, Any]:
    return {
        "id": document_id(text),
        "text": text,
        "source": "pages",
        "snapshot": "1",
        "locator": locator,
        "url": None,
        "licence": "MIT",
        "repository": None,
        "language": "en",
        "language_score": 0.9,
        "num_bytes": len(text.encode()),
        "answer_start": None,
        "broken_rule": None,
    }


def document_draft(folder: Path, *files: Rows, num_rejected: int = 0) -> Draft:
    """A draft of documents in some files, and of five bytes rejected as often as wanted."""
    for number, rows in enumerate(files):
        statistics = DocumentStatistics(f"documents-{number:05d}.parquet")
        for row in rows:
            statistics.add(row)
        statistics.write(folder / f"statistics-{number:05d}.parquet")
        write(rows, SCHEMA, folder / statistics.file)
    rejected = {"source": "pages", "snapshot": "1", "reason": "short", "detail": "", "num_bytes": 5, "excerpt": ""}
    write(
        [rejected | {"locator": f"r{row}"} for row in range(num_rejected)],
        REJECTED_SCHEMA,
        folder / "rejected-0.parquet",
    )
    kept = [row for rows in files for row in rows]
    attributes = [
        {name: row[name] for name in ("locator", "id", "num_bytes", "language", "language_score")} for row in kept
    ]
    write(
        [row | {"kept": True} for row in attributes], attributes_schema(["num_words"]), folder / "attributes-0.parquet"
    )
    num_bytes = sum(len(row["text"].encode()) for row in kept)
    return Draft(
        folder,
        flows={
            "documents": Flow(num_in=len(kept) + num_rejected, num_kept=len(kept), dropped={"short": num_rejected}),
            "bytes": Flow(num_in=num_bytes + 5 * num_rejected, num_kept=num_bytes, dropped={"short": 5 * num_rejected}),
        },
        parameters=LANGUAGES,
    )


def survivor_rows(num_documents: int = 8) -> Rows:
    """Survivors of ten bytes, in order of id, of both splits."""
    ids = sorted(document_id(str(index)) for index in range(num_documents))
    return [
        {
            "id": document,
            "source": "pages",
            "snapshot": "1",
            "domain": "web",
            "licence": "MIT",
            "language": "en",
            "num_bytes": 10,
            "split": "held_out" if HELD_OUT_KEY.split([document], "web")[0] else "train",
            "broken_rule": None,
            "places": [{"source": "pages", "snapshot": "1", "locator": f"pages.jsonl:{row}"}],
        }
        for row, document in enumerate(ids)
    ]


def dedup_draft(folder: Path, rows: Rows, survivor: str) -> Draft:
    """Survivors, and one removed duplicate of ``survivor``."""
    removal = {
        "id": survivor,
        "source": "pages",
        "snapshot": "1",
        "locator": "pages.jsonl:9",
        "num_bytes": 10,
        "step": "exact",
        "survivor_id": survivor,
        "survivor_source": "pages",
        "survivor_snapshot": "1",
        "similarity": 1.0,
        "survivor_split": "train",
    }
    write(rows, SURVIVORS_SCHEMA, folder / SURVIVORS / "part-00000.parquet")
    write([removal], REMOVALS_SCHEMA, folder / REMOVALS / "part-00000.parquet")
    num_kept = len(rows)
    return Draft(
        folder,
        flows={
            "documents": Flow(num_in=num_kept + 1, num_kept=num_kept, dropped={"exact_duplicate": 1}),
            "bytes": Flow(num_in=10 * num_kept + 10, num_kept=10 * num_kept, dropped={"exact_duplicate": 10}),
        },
        parameters={"held_out": HELD_OUT_KEY.model_dump()},
    )


def contamination_draft(folder: Path, rows: Rows, hit: str, record: str = "quiz.jsonl#3") -> Draft:
    """Survivors, and one document that was dropped for two hits; dedup had the sound survivors."""
    before = folder / "dedup"
    write(survivor_rows(), SURVIVORS_SCHEMA, before / SURVIVORS)
    draft = Draft(folder / "files", parents=[artifact(before, "corpus/dedup")])
    write(rows, SURVIVORS_SCHEMA, draft.folder / SURVIVORS)
    found = {
        "id": hit,
        "source": "pages",
        "benchmark": "quiz",
        "record": record,
        "part": "text",
        "num_ngrams": 9,
        "share": 1.0,
        "excerpt": "",
    }
    write([found, found | {"part": "answer"}], HITS_SCHEMA, draft.folder / CONTAMINATION)
    num_kept = len(rows)
    draft.flows = {
        "documents": Flow(num_in=num_kept + 1, num_kept=num_kept, dropped={"contaminated_quiz": 1}),
        "bytes": Flow(num_in=10 * num_kept + 10, num_kept=10 * num_kept, dropped={"contaminated_quiz": 10}),
    }
    return draft


def shard_draft(folder: Path, facts: Mapping[str, Any] | None = None) -> Draft:
    """The shards of the training documents in bucket high, whose documents have 1, 2, 3 … tokens and 10 bytes each."""
    rows = survivor_rows(16)
    wanted = sorted(
        (row["id"] for row in rows if row["split"] == "train"), key=lambda document: keyed_hash(document, ORDER_KEY)
    )
    corpus, buckets = folder / "corpus", folder / "buckets"
    write(rows, SURVIVORS_SCHEMA, corpus / SURVIVORS)
    placed = [{"id": row["id"], "bucket": "high" if row["id"] in wanted[1:] else "low"} for row in rows]
    write(placed, pa.schema([("id", pa.string()), ("bucket", pa.string())]), buckets / BUCKETS)
    draft = Draft(
        folder / "files", parents=[artifact(corpus, "corpus/contamination"), artifact(buckets, "buckets/web")]
    )
    draft.folder.mkdir()
    documents = [
        TokenisedDocument(document, np.arange(index + 1), 10, "pages", "MIT", "en")
        for index, document in enumerate(wanted[1:])
    ]
    num_tokens = write_shards(draft.folder, documents, VOCAB_SIZE, END_OF_TEXT)
    draft.facts = {
        "domain": "web",
        "split": "train",
        "bucket": "high",
        "vocab_size": VOCAB_SIZE,
        "end_of_text": END_OF_TEXT,
        "num_tokens": num_tokens,
    } | dict(facts or {})
    draft.flows = {
        "documents": Flow(num_in=len(documents), num_kept=len(documents)),
        "bytes": Flow(num_in=10 * len(documents), num_kept=10 * len(documents)),
    }
    return draft


def parents_of(shards: str, corpus_digest: str) -> Artifact:
    """A set of shards that was made from a corpus of a digest."""
    made = artifact(Path(shards), shards)
    parents = [
        Parent(asset="corpus/contamination", version=1, digest=corpus_digest),
        Parent(asset="tokenizer", version=1, digest="t" * 64),
    ]
    return Artifact(made.folder, made.record.model_copy(update={"parents": parents}))
