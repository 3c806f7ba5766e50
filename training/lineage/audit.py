"""Audit: the tree from a checkpoint to each source, walked through records alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.record import Record
from pipelines.store import Artifact, Store
from training.runs.checkpoints import find_artifact


@dataclass(frozen=True)
class Node:
    """An artifact of the tree and what it was made from."""

    artifact: Artifact
    parents: list["Node"]

    @property
    def record(self) -> Record:
        return self.artifact.record


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
