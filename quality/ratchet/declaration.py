"""Which changes are within bounds, as declarations: ``quality/ratchets.yaml``."""

from fnmatch import fnmatchcase
from typing import Literal, Protocol

from pydantic import Field, model_validator

from pipelines.declared import Declared
from quality.ratchet.files import FilesBound
from quality.ratchet.languages import LanguagesBound
from quality.ratchet.measured import Measured, Verdict
from quality.ratchet.ranking import RankingBound
from quality.ratchet.removals import RemovalsBound
from quality.ratchet.scores import ScoresBound
from quality.ratchet.size import SizeBound
from quality.ratchet.unchecked import UncheckedBound


class Bound(Protocol):
    """How far one aspect of an artifact may change."""

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold an artifact against an earlier one."""


class Bounds(Declared):
    """The bounds of some aspects, at least one."""

    size: SizeBound | None = None
    removals: RemovalsBound | None = None
    languages: LanguagesBound | None = None
    scores: ScoresBound | None = None
    ranking: RankingBound | None = None
    files: FilesBound | None = None
    unchecked: UncheckedBound | None = None

    @property
    def by_aspect(self) -> dict[str, Bound]:
        """Those that are declared, by the name of their aspect."""
        return {aspect: bound for aspect, bound in self if bound is not None}

    @model_validator(mode="after")
    def _not_empty(self) -> "Bounds":
        if not self.by_aspect:
            raise ValueError(f"declare at least one of {', '.join(type(self).model_fields)}")
        return self


class RatchetDeclaration(Declared):
    """The bounds for the assets whose name matches one of ``applies_to``.

    A change past a bound of severity ``error`` stops everything downstream, until a person accepts it.
    """

    applies_to: tuple[str, ...] = Field(min_length=1)
    bounds: Bounds
    severity: Literal["error", "warn"] = "error"

    def holds_for(self, asset: str) -> bool:
        return any(fnmatchcase(asset, pattern) for pattern in self.applies_to)


class Ratchets(Declared):
    """Every ratchet of a project."""

    ratchets: tuple[RatchetDeclaration, ...]
