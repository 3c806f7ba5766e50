"""The held-out split: which documents evaluation keeps for itself, decided by each document's id alone."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from pipelines.declared import Declared
from pipelines.digests import keyed_hash

Fraction = Annotated[float, Field(ge=0, lt=1)]


class HeldOut(Declared):
    """How much of each domain is held out. A new ``key`` draws another split; a larger fraction only adds documents."""

    key: str
    fraction: Fraction
    fraction_by_domain: dict[str, Fraction] = Field(default_factory=dict)

    def split(self, ids: Sequence[str], domain: str) -> list[bool]:
        """Whether each document of a domain is held out."""
        bound = self.fraction_by_domain.get(domain, self.fraction) * 2**64
        return [keyed_hash(document, self.key) < bound for document in ids]
