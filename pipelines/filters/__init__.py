"""Filters for documents: what is measured of a text, and the bounds that its values are held against.

Bounds are data, declared by domain and by language. A family of rules that is not declared is neither measured nor
applied; a bound that is not declared is the one of the paper it comes from. All values of a declared family are
measured, also behind the first rule that a document breaks, so that other bounds can be tried on the values alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FieldSerializationInfo, field_serializer

from pipelines.declared import Declared
from pipelines.filters.c4 import C4
from pipelines.filters.code import Code
from pipelines.filters.fineweb import FineWeb
from pipelines.filters.formulas import Math
from pipelines.filters.gopher import GopherQuality
from pipelines.filters.repetition import GopherRepetition
from pipelines.filters.rules import Rule
from pipelines.rejection import Rejection

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.filters.measure import Measured

NO_RULE = -1

# In the order in which they are applied: the first that a document breaks names the reason.
RULES: tuple[Rule, ...] = (
    *GopherQuality.RULES,
    *C4.RULES,
    *GopherRepetition.RULES,
    *FineWeb.RULES,
    *Math.RULES,
    *Code.RULES,
)
FILTER_REASONS = frozenset(rule.reason for rule in RULES)


def reasons_matching(patterns: Iterable[str]) -> frozenset[str]:
    """The reasons of rules that any of some patterns matches, such as ``c4_*``.

    Raises:
        ValueError: a pattern matches no reason.
    """
    found: set[str] = set()
    for pattern in patterns:
        matching = {reason for reason in FILTER_REASONS if fnmatchcase(reason, pattern)}
        if not matching:
            reasons = ", ".join(sorted(FILTER_REASONS))
            raise ValueError(f"no rule has a reason like {pattern}; the reasons are {reasons}")
        found |= matching
    return frozenset(found)


class Families(Declared):
    """Families of rules, each with its bounds."""

    gopher_quality: GopherQuality | None = None
    c4: C4 | None = None
    gopher_repetition: GopherRepetition | None = None
    fineweb: FineWeb | None = None
    math: Math | None = None
    code: Code | None = None

    def bounds(self) -> dict[int, float]:
        """The bound of each rule that is on, by the rule's number in RULES."""
        bounds = {}
        for number, rule in enumerate(RULES):
            family = getattr(self, rule.family)
            bound = None if family is None else rule.bound(family)
            if bound is not None:
                bounds[number] = bound
        return bounds


class Filters(Families):
    """The rules of a domain. ``by_language`` names families and bounds that are other ones for a language."""

    by_language: Mapping[str, Families] = Field(default={})

    @field_serializer("by_language")
    def _what_replaces(
        self, by_language: Mapping[str, Families], how: FieldSerializationInfo
    ) -> dict[str, dict[str, Any]]:
        """Of each language what is declared for it: read back, a null or a paper's bound would replace the domain's.

        A family that the domain lacks is written whole, so that a record has every bound that held.
        """
        written = {}
        for language, own in by_language.items():
            lacking = {name for name in own.model_fields_set if getattr(self, name) is None}
            whole = own.model_dump(mode=how.mode, include=set() if how.exclude_unset else lacking)
            written[language] = own.model_dump(mode=how.mode, exclude_unset=True) | whole
        return written

    @property
    def families(self) -> tuple[str, ...]:
        """The families that are declared for any language, and so measured for all."""
        declared = (self, *self.by_language.values())
        return tuple(name for name in Families.model_fields if any(getattr(one, name) is not None for one in declared))

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the values that are measured, each once."""
        return tuple(dict.fromkeys(rule.measure for rule in RULES if rule.family in self.families))

    def for_language(self, language: str) -> Families:
        """The families as they hold for a language: what is declared for it replaces field by field."""
        own = self.by_language.get(language)
        if own is None:
            return self
        return self.model_copy(update={name: self._replaced(name, own) for name in own.model_fields_set})

    def _replaced(self, family: str, own: Families) -> Declared | None:
        declared: Declared | None = getattr(self, family)
        changed: Declared | None = getattr(own, family)
        if declared is None or changed is None:
            return changed
        return declared.model_copy(update={field: getattr(changed, field) for field in changed.model_fields_set})

    def measure(self, texts: "pa.LargeStringArray", locators: Sequence[str], languages: Sequence[str]) -> "Measured":
        """The values of n texts, float32 of shape (n,) by name; NaN where a text has none.

        Args:
            texts: without nulls.
            locators: where each was found; of source code its path.
            languages: the natural or programming language of each.
        """
        from pipelines.filters.measure import measure

        measured = measure(self.families, texts, locators, languages)
        return {name: measured[name] for name in self.measures}

    def broken(
        self, measured: "Measured", languages: Sequence[str], deferred: Collection[str] = ()
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The first rule that each of n texts breaks, and its bound.

        Args:
            deferred: the reasons of rules that come after all others.

        Returns:
            The rule's number in RULES, NO_RULE where a text breaks none, shape (n,); and the bound, shape (n,).
        """
        broken = np.full(len(languages), NO_RULE)
        limits = np.full(len(languages), np.nan)
        bound_by = np.array([language if language in self.by_language else "" for language in languages], dtype=object)
        for language in ("", *self.by_language):
            rows = np.flatnonzero(bound_by == language)
            bounds = self.for_language(language).bounds()
            for index in sorted(bounds, key=lambda number: (RULES[number].reason in deferred, number)):
                rule, bound = RULES[index], bounds[index]
                first = rows[rule.broken(measured[rule.measure][rows], bound)]
                broken[first] = index
                limits[first] = bound
                rows = rows[broken[rows] == NO_RULE]
        return broken, limits

    def judge(
        self, measured: "Measured", languages: Sequence[str], deferred: Collection[str] = ()
    ) -> list[Rejection | None]:
        """The first rule that each of n texts breaks, those of the ``deferred`` reasons last; None where it is none."""
        rejections: list[Rejection | None] = [None] * len(languages)
        broken, limits = self.broken(measured, languages, deferred)
        for row in np.flatnonzero(broken != NO_RULE).tolist():
            rule = RULES[broken[row]]
            rejections[row] = rule.rejection(float(measured[rule.measure][row]), float(limits[row]))
        return rejections
