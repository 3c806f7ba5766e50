"""A step of the graph: one asset, what it is made from, and the library call that makes it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, NotCurrentError, Outcome


class Progress(Protocol):
    """Where a step says what it is doing."""

    def report(self, line: str) -> None:
        """A sentence for people."""

    def observe(self, figures: Mapping[str, Any], pictures: Sequence[Path] = ()) -> None:
        """Figures of something that is still being made, and PNGs of it that were remade."""


@dataclass(frozen=True)
class Partition:
    """A part of an asset of the graph: the asset's name there, and the part's key."""

    of: str
    key: str


@dataclass(frozen=True)
class Step:
    """One artifact: an asset of the graph, or a partition of one.

    Args:
        asset: its name in the store, with ``/`` between its parts.
        group: where it stands in the UI.
        ensure: makes it, or finds it current.
        checks: those that ``ensure`` itself records, beside the declared expectations; True if blocking.
        plots: finds the pictures to show.
        tables: writes tables to show, as Markdown by title.
        partition: where it stands in the graph if it is no asset of its own there.
    """

    asset: str
    group: str
    description: str
    ensure: Callable[[Progress], Outcome]
    parents: Sequence[str] = ()
    checks: Mapping[str, bool] = field(default_factory=dict)
    plots: Callable[[Artifact], Sequence[Path]] = lambda artifact: artifact.files("*.png")
    tables: Callable[[Artifact], Mapping[str, str]] = lambda _artifact: {}
    partition: Partition | None = None

    @property
    def node(self) -> str:
        """The name of its asset in the graph."""
        return self.partition.of if self.partition else self.asset

    @property
    def partition_key(self) -> str | None:
        return self.partition.key if self.partition else None


class Silence:
    """Progress that nobody sees."""

    def report(self, line: str) -> None: ...

    def observe(self, figures: Mapping[str, Any], pictures: Sequence[Path] = ()) -> None: ...


def closure(steps: Sequence[Step], wanted: Sequence[str]) -> list[Step]:
    """The wanted steps and all that they are made from, in the order of ``steps``: parents first."""
    needed = set(wanted)
    for step in reversed(steps):
        if step.asset in needed:
            needed |= set(step.parents)
    return [step for step in steps if step.asset in needed]


def outdated(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps that would make something, or cannot be looked at before a parent is made.

    Args:
        steps: parents first, of a project whose store only looks.
    """
    waiting: set[str] = set()
    for step in steps:
        if not waiting.isdisjoint(step.parents) or not is_current(step):
            waiting.add(step.asset)
            yield step


def is_current(step: Step) -> bool:
    """Whether a step of a store that only looks finds its asset current; a failure is told when the step is run."""
    try:
        step.ensure(Silence())
    except (NotCurrentError, PhaselineError):
        return False
    return True
