"""fastText classifiers as declarations: labelled documents on two sides, and how the models are trained."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.declared import Declared
from pipelines.sources import Source, resolve_folders
from quality.scorer import ScorerDeclaration

Count = Annotated[int, Field(gt=0)]


class Side(Declared):
    """The documents of one label: those of sources of the corpus, by name, and those of labelled files.

    A labelled file is read as a source is, and all its records are of this label. Where a file holds both labels, a
    template tells them apart: a record of an empty text is no document.
    """

    sources: tuple[str, ...] = ()
    files: tuple[Source, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sources and of the labelled files."""
        return *self.sources, *(file.name for file in self.files)

    @model_validator(mode="after")
    def _has_documents(self) -> "Side":
        if not self.names:
            raise ValueError("one class alone teaches nothing; name sources or files")
        return self


class LabelledDocuments(Declared):
    """Which documents are labelled, and how much of each is read.

    A source or file gives at most ``max_documents_per_source``, so that none outvotes the others on its side.
    ``languages`` are those that both sides have: otherwise the classifier would learn to tell languages apart. A
    document in another gets no score. Records of labelled files are of these languages unless they say otherwise.
    """

    languages: tuple[str, ...] = Field(min_length=1)
    max_documents_per_source: Count
    min_documents_per_side: Count
    max_characters: Count


class FastTextParameters(Declared):
    """fastText's supervised training: ``dim`` is the embedding's width, ``num_buckets`` its rows for word n-grams."""

    dim: Count
    word_ngrams: Count
    num_buckets: Count
    min_count: Count
    num_epochs: Count
    learning_rate: Annotated[float, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)]


class FastTextScorer(ScorerDeclaration):
    """A classifier that the pipeline trains; its score is the calibrated probability of the positive side.

    Documents are split into ``num_folds`` by a hash of their id. For each fold there is a model that has not seen it:
    the next fold calibrates that model, the others train it. ``threshold`` is the probability from which a document is
    called positive. Raising ``fit`` fits the classifier again to the corpus as it is then.
    """

    kind: Literal["fasttext"]
    fit: Annotated[int, Field(ge=1)]
    positives: Side
    negatives: Side
    documents: LabelledDocuments
    num_folds: Annotated[int, Field(ge=3)]
    fasttext: FastTextParameters
    threshold: Annotated[float, Field(gt=0, lt=1)]

    @property
    def sides(self) -> dict[int, Side]:
        """The two sides by label."""
        return {1: self.positives, 0: self.negatives}

    @property
    def source_labels(self) -> dict[str, int]:
        """The label of each source of the corpus that is named."""
        return {source: label for label, side in self.sides.items() for source in side.sources}

    @property
    def files(self) -> tuple[Source, ...]:
        """The labelled files of both sides."""
        return *self.positives.files, *self.negatives.files

    def resolved(self, folder: Path) -> "FastTextScorer":
        """The scorer with the relative folders of its labelled files made absolute."""

        def resolved(side: Side) -> Side:
            return side.model_copy(update={"files": tuple(resolve_folders(file, folder) for file in side.files)})

        return self.model_copy(update={"positives": resolved(self.positives), "negatives": resolved(self.negatives)})

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> "FastTextScorer":
        if both := sorted({*self.positives.names} & {*self.negatives.names}):
            raise ValueError(f"{', '.join(both)} is among both positives and negatives; remove it from one side")
        for side in self.sides.values():
            if twice := sorted({name for name in side.names if side.names.count(name) > 1}):
                raise ValueError(f"{', '.join(twice)} is named twice; rename or remove one of them")
        return self
