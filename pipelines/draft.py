"""Artifacts in the making: a folder to write into, and one for work that outlives a failed attempt."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.artifact import Artifact
from pipelines.record import Check, Flow


@dataclass
class Draft:
    """An artifact in the making: write files into ``folder`` or add those of ``work``; set flows, facts and checks.

    ``parameters``, ``parents`` and ``version`` are those that its record will have.
    """

    folder: Path
    flows: dict[str, Flow] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    parents: Sequence[Artifact] = ()
    version: int = 1

    @property
    def work(self) -> Path:
        """A folder for results on the way, to be created by who needs it.

        It outlives a failed or killed attempt, and is there again for the next one with the same code version,
        parameters and parents; it goes when the artifact is published, or something else is made.
        """
        return self.folder.parent / "work"

    def add(self, files: Iterable[Path]) -> None:
        """Add finished files of ``work`` under their names; they stay there too, until the artifact is published."""
        for file in files:
            os.link(file, self.folder / file.name)


def empty_folder(drafts: Path, identity: str) -> Path:
    """An empty folder for the draft of an identity, beside what its last attempt did; other drafts are removed.

    To be called by the one process that holds the asset's lock.
    """
    drafts.mkdir(parents=True, exist_ok=True)
    for other in drafts.iterdir():
        if other.name != identity:
            shutil.rmtree(other)
    folder = drafts / identity / "files"
    shutil.rmtree(folder, ignore_errors=True)  # left by a killed process
    folder.mkdir(parents=True)
    return folder


def discard(draft: Draft) -> None:
    """Remove what is left of a draft but its work folder; the folder of drafts too where there is no work."""
    shutil.rmtree(draft.folder, ignore_errors=True)
    if not draft.work.exists():
        shutil.rmtree(draft.folder.parent.parent)
