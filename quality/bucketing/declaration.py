"""How the documents of a domain are put into buckets, as declarations: one YAML file for each such domain."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipelines.declared import Declared, read_declaration
from pipelines.errors import PhaselineError
from pipelines.filters import reasons_matching
from pipelines.sources import Name
from quality.bucketing.levels import NUM_LEVELS


class BucketDeclaration(Declared):
    """A bucket holds the documents from ``min_level`` up to the next better bucket.

    ``without_rules`` are patterns over the reasons of filters: what a document of this bucket may break and stay.
    """

    name: Name
    min_level: Annotated[int, Field(ge=0, lt=NUM_LEVELS)]
    without_rules: tuple[str, ...] = ()

    def excuses(self, reason: str) -> bool:
        """Whether a document of this bucket may break the rule of a reason."""
        return any(fnmatchcase(reason, pattern) for pattern in self.without_rules)

    @field_validator("without_rules")
    @classmethod
    def _match_rules(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        reasons_matching(patterns)
        return patterns


# The five classes of Nemotron-CC (arXiv:2412.02595).
NEMOTRON_CC = tuple(
    BucketDeclaration(name=name, min_level=min_level)
    for name, min_level in (("high", 19), ("medium_high", 18), ("medium", 12), ("medium_low", 7), ("low", 0))
)


class BucketsDeclaration(Declared):
    """The scorers of a domain, whose levels are taken within each ``stratify_by``, and the buckets of their maximum.

    The thresholds of levels are kept once they are fitted; ``fit`` is raised to fit them again.
    """

    domain: Name
    scorers: tuple[Name, ...] = Field(min_length=1)
    stratify_by: Literal["language"] | None
    fit: Annotated[int, Field(ge=1)]
    buckets: tuple[BucketDeclaration, ...] = Field(default=NEMOTRON_CC, min_length=1)

    @property
    def bucket_names(self) -> list[str]:
        """The names of the buckets, the best first."""
        return [bucket.name for bucket in self.buckets]

    @property
    def deferred_rules(self) -> tuple[str, ...]:
        """The patterns of rules that are asked only when a document's bucket is known, sorted."""
        return tuple(sorted({pattern for bucket in self.buckets for pattern in bucket.without_rules}))

    @field_validator("scorers")
    @classmethod
    def _differ(cls, scorers: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(scorers)) < len(scorers):
            raise ValueError(f"a scorer is named twice among {', '.join(scorers)}; remove one of them")
        return scorers

    @field_validator("buckets")
    @classmethod
    def _descend_to_zero(cls, buckets: tuple[BucketDeclaration, ...]) -> tuple[BucketDeclaration, ...]:
        levels = [bucket.min_level for bucket in buckets]
        if levels != sorted(set(levels), reverse=True) or levels[-1] != 0:
            raise ValueError(f"min_level must fall from bucket to bucket and end at 0, but is {levels}")
        if len({bucket.name for bucket in buckets}) < len(buckets):
            raise ValueError("two buckets have the same name; rename one of them")
        return buckets

    @field_validator("buckets")
    @classmethod
    def _excuse_alike(cls, buckets: tuple[BucketDeclaration, ...]) -> tuple[BucketDeclaration, ...]:
        """Of a document only the first rule that it breaks is known, so no bucket can tell which others excuse."""
        if len({frozenset(bucket.without_rules) for bucket in buckets if bucket.without_rules}) > 1:
            raise ValueError("two buckets have different without_rules; excuse all that excuse any from the same rules")
        return buckets


def read_buckets(folder: Path) -> Mapping[str, BucketsDeclaration]:
    """The declarations in a folder by their domain.

    Raises:
        PhaselineError: a file is no valid declaration, or two are of one domain.
    """
    declarations: dict[str, BucketsDeclaration] = {}
    for path in sorted(folder.glob("*.yaml")):
        declared = read_declaration(path, BucketsDeclaration)
        if declared.domain in declarations:
            raise PhaselineError(f"{path}: {declared.domain} has buckets already", "keep one file for each domain")
        declarations[declared.domain] = declared
    return declarations
