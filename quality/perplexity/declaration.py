"""What is declared about perplexity and quadrants: how documents are scored, and where the scores are cut."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.declared import Declared, read_declaration
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

    Quantiles are over tokens or documents as ``weight`` says, within each combination of ``stratify_by``; one of too
    few documents is cut where all documents together are. A marginal split cuts by both at once, so that halves are
    equal and quadrants are not; a nested one cuts each half by perplexity at its own quantile of PD.
    """

    perplexity_of: Literal["weak", "strong"]
    perplexity_quantile: Quantile
    pd_quantile: Quantile
    weight: Literal["tokens", "documents"]
    split: Literal["marginal", "nested"]
    stratify_by: tuple[Literal["language", "domain"], ...]


class ModelFolder(Declared):
    """A causal language model that the pipeline has not made, with its tokenizer, in Hugging Face format."""

    folder: Path


class PerplexityDeclaration(Declared):
    """Two reference models, the part of the shards that they score and have not learnt from, and the quadrants.

    ``weak`` and ``strong`` are assets of exported models, or folders; both have one tokenizer.
    """

    paper: str
    weak: str | ModelFolder
    strong: str | ModelFolder
    part: Part
    scoring: ScoringDeclaration
    quadrants: QuadrantsDeclaration
    evidence: tuple[Evidence, ...]

    @property
    def models(self) -> tuple[str | ModelFolder, str | ModelFolder]:
        """The weak and the strong model."""
        return self.weak, self.strong


def read_perplexity(path: Path) -> PerplexityDeclaration:
    """Read the declaration; relative folders in it start at the folder that it lies in.

    Raises:
        PhaselineError: it is not valid.
    """
    declared = read_declaration(path, PerplexityDeclaration)
    folders = {
        name: ModelFolder(folder=(path.parent / model.folder.expanduser()).resolve())
        for name, model in (("weak", declared.weak), ("strong", declared.strong))
        if isinstance(model, ModelFolder)
    }
    return declared.model_copy(update=folders)
