"""Small corpora to deduplicate, as real artifacts."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from inline_engine import InlineEngine

from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.signatures import ensure_signatures
from pipelines.dedup.step import ensure_dedup
from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.engines import Engine
from pipelines.held_out import HeldOut
from pipelines.store import Artifact, Draft, Store

NOTHING_HELD_OUT = HeldOut(key="test", fraction=0)
PARAMETERS = DedupParameters(max_removed_share=1)

Corpus = Mapping[str, Sequence[str]]  # source, or source/snapshot -> texts


def ignore(_line: str) -> None:
    """Where progress goes."""


def write_documents(
    store: Store,
    name: str,
    texts: Sequence[str],
    files: Sequence[Sequence[int]] | None = None,
    attributes: Mapping[str, Sequence[float | None]] | None = None,
    broken_rules: Mapping[int, str] | None = None,
) -> Artifact:
    """The documents of a source, or of one snapshot of it.

    Args:
        files: which texts lie in which file, in which order; all in one where not given.
        attributes: columns with a value for each text.
        broken_rules: of some texts, by their numbers.
    """
    source, _, snapshot = name.partition("/")
    files = [range(len(texts))] if files is None else files

    def make(draft: Draft) -> None:
        for number, members in enumerate(files):
            rows = [
                row(source, snapshot or "1", texts[i], i) | {"broken_rule": (broken_rules or {}).get(i)}
                for i in members
            ]
            pq.write_table(
                pa.Table.from_pylist(rows, schema=SCHEMA),
                draft.folder / f"documents-{number:05}.parquet",
                row_group_size=7,
            )
            if attributes:
                columns: dict[str, Any] = {"kept": [False, *(True for _ in members)]}
                columns |= {
                    key: pa.array([0.5, *(values[i] for i in members)], pa.float32())
                    for key, values in attributes.items()
                }
                pq.write_table(pa.table(columns), draft.folder / f"attributes-{number:05}.parquet")

    parameters = {
        "source": source,
        "texts": [document_id(text) for text in texts],
        "files": [list(members) for members in files],
        "attributes": {key: list(values) for key, values in (attributes or {}).items()},
        "broken_rules": {str(i): rule for i, rule in (broken_rules or {}).items()},
    }
    asset = f"documents/{source}/{snapshot or '1'}"
    return store.ensure(asset, make, code_version="1", parameters=parameters).artifact


def row(source: str, snapshot: str, text: str, number: int) -> dict[str, Any]:
    known = {
        "id": document_id(text),
        "text": text,
        "source": source,
        "snapshot": snapshot,
        "locator": f"{source}/{number:04}",
        "licence": "CC0-1.0",
        "language": "en",
        "language_score": 1.0,
        "num_bytes": len(text.encode()),
    }
    return {name: known.get(name) for name in SCHEMA.names}


def deduplicate_documents(
    store: Store,
    documents: Sequence[Artifact],
    *,
    parameters: DedupParameters = PARAMETERS,
    priority: Sequence[str] | None = None,
    held_out: HeldOut = NOTHING_HELD_OUT,
    engine: Engine | None = None,
    report: Callable[[str], None] = ignore,
) -> Artifact:
    engine = engine or InlineEngine()
    signatures = [
        ensure_signatures(store, artifact, parameters, engine=engine, report=report).artifact for artifact in documents
    ]
    sources = list(dict.fromkeys(artifact.asset.split("/")[1] for artifact in documents))
    return ensure_dedup(
        store,
        documents,
        signatures,
        parameters,
        sources if priority is None else priority,
        dict.fromkeys(sources, "web"),
        held_out,
        engine=engine,
        report=report,
    ).artifact


def deduplicate(folder: Path, corpus: Corpus, **options: Any) -> Artifact:
    """Deduplicate a corpus in a store of its own; its sources stand in order of priority."""
    store = Store(folder)
    return deduplicate_documents(
        store, [write_documents(store, name, texts) for name, texts in corpus.items()], **options
    )


def rows(artifact: Artifact, name: str) -> list[dict[str, Any]]:
    return pq.read_table(artifact.folder / name).to_pylist()


def some_words(seed: str, count: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(count)]


def edited(words: Sequence[str], fraction: float) -> str:
    """The words with every n-th replaced by one as long, so that the text is."""
    step = round(1 / fraction)
    return " ".join("x" * len(word) if i % step == step // 2 else word for i, word in enumerate(words))


def chain(words: Sequence[str], num_links: int) -> list[str]:
    """Windows sliding over words: neighbours are near duplicates (0.8), and those three apart are not (0.5)."""
    return [" ".join(words[i * 40 : i * 40 + 364]) for i in range(num_links)]
