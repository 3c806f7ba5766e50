"""Changes of a domain's thresholds, written as they are declared: ``gopher_quality.min_words=80``."""

from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from pipelines.errors import PhaselineError
from pipelines.filters import RULES
from pipelines.filters.rules import Rule
from pipelines.sources import Domain

MIN_LANGUAGE_SCORE = "min_language_score"
RULE_BY_PATH = {rule.path: rule for rule in RULES}


@dataclass(frozen=True)
class Threshold:
    """A bound of a domain: ``rule`` for all languages or for one; None is the least score of a language."""

    rule: Rule | None
    language: str | None

    @property
    def measure(self) -> str:
        """The column of the attributes that the bound is held against."""
        return self.rule.measure if self.rule else "language_score"

    @property
    def is_minimum(self) -> bool:
        return self.rule is None or self.rule.is_minimum

    def declared(self, domain: Domain) -> float | None:
        """The bound as it stands; None where it is off."""
        if self.rule is None:
            return domain.min_language_score
        family = getattr(domain.filters.for_language(self.language or ""), self.rule.family)
        return None if family is None else self.rule.bound(family)

    def binds(self, domain: Domain, language: str) -> bool:
        """Whether a document of a language is held against this bound, and not against one of another language."""
        if self.rule is None or self.language is not None:
            return self.language in (None, language)
        own = domain.filters.by_language.get(language)
        if own is None or self.rule.family not in own.model_fields_set:
            return True
        family = getattr(own, self.rule.family)
        return family is not None and self.rule.field not in family.model_fields_set


def threshold(domain: Domain, path: str) -> Threshold:
    """The bound that a path names: ``family.field`` or ``family.field.n``, perhaps behind a language, or
    ``min_language_score``.

    Raises:
        PhaselineError: there is no such bound, the domain keeps no such language, or it declares nothing of the family.
    """
    if path == MIN_LANGUAGE_SCORE:
        return Threshold(None, None)
    language, _, rest = path.partition(".")
    if path in RULE_BY_PATH:
        found = Threshold(RULE_BY_PATH[path], None)
    elif rest in RULE_BY_PATH and language in (domain.languages or (language,)):
        found = Threshold(RULE_BY_PATH[rest], language)
    else:
        raise unknown(domain, f"there is no rule {path}")
    if found.rule and found.rule.family not in domain.filters.families:
        raise unknown(domain, f"{domain.domain} declares no {found.rule.family}, so its values are not measured")
    return found


def unknown(domain: Domain, what: str) -> PhaselineError:
    known = [rule.path for rule in RULES if rule.family in domain.filters.families]
    return PhaselineError(what, f"name one of: {', '.join([MIN_LANGUAGE_SCORE, *known])}")


def changed(domain: Domain, change: str) -> Domain:
    """The domain with one threshold changed.

    Args:
        change: ``path=value``; the value is YAML, such as ``80``, ``0.3``, ``false``, or ``null`` for no bound.

    Raises:
        PhaselineError: there is no such threshold, or it cannot have the value.
    """
    path, _, text = change.partition("=")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise PhaselineError(f"{change}: {text} is no value", "give a number, true, false or null") from None
    return with_value(domain, threshold(domain, path), value)


def with_value(domain: Domain, changing: Threshold, value: Any) -> Domain:
    """The domain with a threshold at a value; raises PhaselineError where it cannot have it."""
    filters = domain.filters.model_dump(exclude_unset=True)
    fields: dict[str, Any] = {"filters": filters}
    rule = changing.rule
    if rule is None:
        fields[MIN_LANGUAGE_SCORE] = value
    else:
        declared = filters
        if changing.language is not None:
            declared = filters.setdefault("by_language", {}).setdefault(changing.language, {})
        family = declared.get(rule.family) or {}
        if rule.key is not None:
            holding = getattr(domain.filters.for_language(changing.language or ""), rule.family)
            value = {**(getattr(holding, rule.field) if holding else {}), rule.key: value}
        declared[rule.family] = {**family, rule.field: value}
    try:
        return Domain.model_validate(dict(domain) | fields)
    except ValidationError as error:
        name = rule.path if rule else MIN_LANGUAGE_SCORE
        raise PhaselineError(f"{name}: {error.errors()[0]['msg']}", "give another value") from error
