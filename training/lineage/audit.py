"""Audit: the tree from a checkpoint to each source, walked through records alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.record import Record
from pipelines.shards import INDEX
from pipelines.store import Artifact, Store
from training.runs.checkpoints import find_artifact
from training.runs.run import Run
from training.sampling.exposure import tokens_seen
from training.tokens.streams import documents_in_stream


@dataclass(frozen=True)
class Node:
    """An artifact of the tree and what it was made from."""

    artifact: Artifact
    parents: list["Node"]

    @property
    def record(self) -> Record:
        return self.artifact.record


@dataclass(frozen=True)
class SourceTokens:
    """Input tokens that a checkpoint saw of one source under one licence, repeats counted."""

    source: str
    licence: str
    shards: str
    num_tokens: int
    num_documents: int


def lineage(store: Store, artifact: Artifact) -> Node:
    """The tree of an artifact; raises PhaselineError where a parent is missing or has become another's content."""
    known: dict[tuple[str, int], Node] = {}

    def node(current: Artifact) -> Node:
        key = (current.asset, current.record.version)
        if key not in known:
            known[key] = Node(current, [node(find_artifact(store, parent)) for parent in current.record.parents])
        return known[key]

    return node(artifact)


def walk(node: Node) -> Iterator[Node]:
    """Every artifact of a tree once, parents before children."""
    seen = set()

    def visit(current: Node) -> Iterator[Node]:
        if current.artifact.name not in seen:
            seen.add(current.artifact.name)
            for parent in current.parents:
                yield from visit(parent)
            yield current

    return visit(node)


def tokens_by_source(store: Store, run: Run, steps_done: int) -> list[SourceTokens]:
    """Exact tokens and documents that the first ``steps_done`` steps saw, by source, licence and name in blends."""
    result = []
    for number, source in enumerate(run.manifest.sources):
        index = pq.read_table(store.find(source.shards).folder / INDEX)
        stream = documents_in_stream(run.artifact, source, index)
        seen = tokens_seen(run.manifest, number, steps_done, stream.starts, stream.ends - stream.starts)
        table = index.select(["source", "licence"]).append_column("num_tokens", [seen])
        table = table.filter(pc.greater(table["num_tokens"], 0))
        grouped = table.group_by(["source", "licence"]).aggregate([("num_tokens", "sum"), ([], "count_all")])
        result += [
            SourceTokens(row["source"], row["licence"], source.name, row["num_tokens_sum"], row["count_all"])
            for row in grouped.sort_by([("source", "ascending"), ("licence", "ascending")]).to_pylist()
        ]
    return result


def as_json(node: Node) -> dict[str, Any]:
    """A tree as JSON: every artifact once, under ``artifacts``, its parents by name."""
    return {
        "root": node.artifact.name,
        "artifacts": {
            current.artifact.name: {
                "digest": current.artifact.digest,
                "code_version": current.record.code_version,
                "code": current.record.provenance.code,
                "created_at": current.record.provenance.created_at,
                "parents": [parent.artifact.name for parent in current.parents],
                "flows": {unit: flow.model_dump() for unit, flow in current.record.flows.items()},
                "checks": [check.model_dump() for check in current.record.checks],
                "facts": current.record.facts,
            }
            for current in walk(node)
        },
    }
