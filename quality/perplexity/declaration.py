"""What is declared about perplexity and quadrants: how documents are scored, and where the scores are cut."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.declared import Declared
from pipelines.evidence import Evidence
from pipelines.parts import Part

Quantile = Annotated[float, Field(gt=0, lt=1)]


class ScoringDeclaration(Declared):
    """How documents are scored. Lengths are in tokens, the end-of-text token included.

    A document of fewer than ``min_tokens`` has no score; one of more than ``max_tokens`` is scored on its first ones.
    """

    max_tokens: Annotated[int, Field(gt=0)]
    min_tokens: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _some_documents_fit(self) -> "ScoringDeclaration":
        if self.min_tokens > self.max_tokens:
            raise ValueError(f"min_tokens {self.min_tokens} exceeds max_tokens {self.max_tokens}; swap them")
        return self


class QuadrantsDeclaration(Declared):
    """How scored documents are cut in two by perplexity and in two by perplexity difference (PD).

    Quantiles are over tokens or documents as ``weight`` says, within each combination of ``stratify_by``. A marginal
    split cuts by both at once, so that halves are equal and quadrants are not; a nested one cuts each half by
    perplexity at its own quantile of PD.
    """

    perplexity_of: Literal["weak", "strong"]
    perplexity_quantile: Quantile
    pd_quantile: Quantile
    weight: Literal["tokens", "documents"]
    split: Literal["marginal", "nested"]
    stratify_by: tuple[Literal["language", "domain"], ...]


class PerplexityDeclaration(Declared):
    """Two reference models, the part of the shards that they score and have not learnt from, and the quadrants.

    ``weak`` and ``strong`` are assets of exported models.
    """

    paper: str
    weak: str
    strong: str
    part: Part
    scoring: ScoringDeclaration
    quadrants: QuadrantsDeclaration
    evidence: tuple[Evidence, ...]
