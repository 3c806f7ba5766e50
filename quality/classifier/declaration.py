"""Quality classifiers as declarations: one YAML file for each domain that is bucketed."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipelines.declared import Declared

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Count = Annotated[int, Field(gt=0)]


class FastTextParameters(Declared):
    """fastText's supervised training: ``dim`` is the embedding's width, ``num_buckets`` its rows for word n-grams."""

    dim: Count
    word_ngrams: Count
    num_buckets: Count
    min_count: Count
    num_epochs: Count
    learning_rate: Annotated[float, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)]


class LabelledDocuments(Declared):
    """Which documents of the sources on both sides are labelled, and how much of each is read.

    A source gives at most ``max_documents_per_source``, so that none outvotes the others on its side. ``languages``
    are those that both sides have: otherwise the classifier would learn to tell languages apart.
    """

    languages: tuple[str, ...] = Field(min_length=1)
    max_documents_per_source: Count
    min_documents_per_side: Count
    max_characters: Count


class Bucket(Declared):
    """A bucket holds the documents from ``min_percentile`` up to the next better bucket."""

    name: Name
    min_percentile: Annotated[float, Field(ge=0, lt=100)]


class ClassifierDeclaration(Declared):
    """A classifier that scores one domain, and the buckets that its scores are cut into.

    ``positives`` and ``negatives`` are names of sources. Documents are split into ``num_folds`` by a hash of their id,
    and each fold is scored by a model trained on the others. Percentiles are of bytes, within each ``stratify_by``.
    """

    name: Name
    domain: Name
    positives: tuple[str, ...] = Field(min_length=1)
    negatives: tuple[str, ...] = Field(min_length=1)
    documents: LabelledDocuments
    num_folds: Annotated[int, Field(ge=2)]
    fasttext: FastTextParameters
    stratify_by: Literal["language"] | None
    buckets: tuple[Bucket, ...] = Field(min_length=1)

    @property
    def bucket_names(self) -> list[str]:
        """The names of the buckets, the best first."""
        return [bucket.name for bucket in self.buckets]

    @property
    def labels(self) -> Mapping[str, int]:
        """The label of each source: 1 for positives, 0 for negatives."""
        return dict.fromkeys(self.positives, 1) | dict.fromkeys(self.negatives, 0)

    @field_validator("buckets")
    @classmethod
    def _descend_to_zero(cls, buckets: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
        bounds = [bucket.min_percentile for bucket in buckets]
        if bounds != sorted(set(bounds), reverse=True) or bounds[-1] != 0:
            raise ValueError(f"min_percentile must fall from bucket to bucket and end at 0, but is {bounds}")
        if len({bucket.name for bucket in buckets}) < len(buckets):
            raise ValueError("two buckets have the same name; rename one of them")
        return buckets

    @model_validator(mode="after")
    def _sides_are_apart(self) -> "ClassifierDeclaration":
        if both := sorted({*self.positives} & {*self.negatives}):
            raise ValueError(f"{', '.join(both)} is among both positives and negatives; remove it from one side")
        return self
