"""The values of a document that rules are held against, with the bounds that held when the document was read."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from pipelines.documents import ATTRIBUTES
from pipelines.filters import RULES, Filters
from pipelines.store import Artifact
from pipelines.whatif.judging import LANGUAGE_SCORE
from quality.samples.rows import Row, rows_with


@dataclass(frozen=True)
class HeldRule:
    """A rule that a document was held against; ``value`` is None where none was measured, which breaks no rule."""

    reason: str
    measure: str
    value: float | None
    bound: float
    is_minimum: bool
    is_broken: bool

    def __str__(self) -> str:
        value = "not measured" if self.value is None else f"{self.value:.4g}"
        return f"{value}, {'at least' if self.is_minimum else 'at most'} {self.bound:.4g}"


def attributes_of(documents: Artifact, column: str, values: Collection[str]) -> list[Row]:
    """The attributes of the records of a snapshot whose id or locator is among some values, with all measures."""
    return [row for path in documents.files(ATTRIBUTES) for row in rows_with([path], column, values)]


def held_rules(documents: Artifact, attributes: Row) -> list[HeldRule]:
    """Every rule that was on for a record of a snapshot, that of its language first, then in the order of application.

    Args:
        documents: the snapshot; its record has the declared bounds.
        attributes: the record's row of attributes.
    """
    domain = documents.record.parameters["domain"]
    filters = Filters.model_validate(domain["filters"])
    score, least = attributes[LANGUAGE_SCORE], domain["min_language_score"]
    return [
        HeldRule(LANGUAGE_SCORE, LANGUAGE_SCORE, score, least, is_minimum=True, is_broken=score < least),
        *(
            held(number, bound, attributes.get(RULES[number].measure))
            for number, bound in filters.for_language(attributes["language"]).bounds().items()
        ),
    ]


def held(number: int, bound: float, value: float | None) -> HeldRule:
    rule = RULES[number]
    measured = np.array([np.nan if value is None else value], np.float32)
    is_broken = bool(rule.broken(measured, bound)[0])
    return HeldRule(rule.reason, rule.measure, value, bound, rule.is_minimum, is_broken)
