"""An artifact, or the draft of one, in the numbers that a ratchet compares."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipelines.record import Flow
from pipelines.store import Artifact, Draft


@dataclass(frozen=True)
class Measured:
    """What a record says of an artifact, or will say of a draft.

    Args:
        parents: the digest of each by asset.
    """

    asset: str
    folder: Path
    flows: Mapping[str, Flow]
    facts: Mapping[str, Any]
    parents: Mapping[str, str]

    @property
    def num_documents(self) -> int:
        """How many it keeps."""
        return self.flows["documents"].num_kept

    @classmethod
    def of_artifact(cls, artifact: Artifact) -> Self:
        record = artifact.record
        parents = {parent.asset: parent.digest for parent in record.parents}
        return cls(record.asset, artifact.folder, record.flows, record.facts, parents)

    @classmethod
    def of_draft(cls, asset: str, draft: Draft) -> Self:
        parents = {parent.asset: parent.digest for parent in draft.parents}
        return cls(asset, draft.folder, draft.flows, draft.facts, parents)


@dataclass(frozen=True)
class Verdict:
    """Whether a change is within its bound, and what changed, as the predicate of a sentence about the later one."""

    passed: bool
    found: str
