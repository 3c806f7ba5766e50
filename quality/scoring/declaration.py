"""Scorers as declarations: one YAML file each, told apart by ``kind``."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, FiniteFloat, ValidationInfo, field_validator, model_validator

from pipelines.declared import Declared, read_declaration
from pipelines.errors import PhaselineError
from pipelines.licences import Licence
from pipelines.places import Folder, Package, Place
from pipelines.readers.patterns import at_least_one
from pipelines.sources import SnapshotName, Source
from quality.classifier.declaration import FastTextScorer
from quality.scorer import ScorerDeclaration


class Term(Declared):
    """A measure of the filters as a score: 0 at ``worst`` and beyond it, 1 at ``best`` and beyond it, linear between.

    Where less is better, ``best`` is the lesser of the two.
    """

    measure: str
    worst: FiniteFloat
    best: FiniteFloat
    weight: Annotated[FiniteFloat, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _has_a_slope(self) -> "Term":
        if self.worst == self.best:
            raise ValueError(f"worst and best are both {self.best}; set them apart")
        return self


class HeuristicScorer(ScorerDeclaration):
    """The weighted mean of terms over what the filters have measured of a document, between 0 and 1."""

    kind: Literal["heuristic"]
    terms: Annotated[tuple[Term, ...], AfterValidator(at_least_one)]


class FileScorer(ScorerDeclaration):
    """Scores that somebody else gave: rows of a document's id and its score, in files of any size.

    The files are pinned as the artifact ``raw/<name>/<snapshot>``. In a pattern of ``include``, ``**`` crosses folders;
    files are decompressed where their names end in .gz, .bz2, .xz or .zst.
    """

    kind: Literal["file"]
    licence: Licence
    snapshot: SnapshotName
    place: Place
    format: Literal["parquet", "json_lines", "csv"]
    include: Annotated[tuple[str, ...], AfterValidator(at_least_one)]
    id_column: str
    score_column: str

    @property
    def source(self) -> Source:
        """The files as a source of one snapshot: what ``ensure_raw`` fetches and pins."""
        return Source.model_validate(
            {
                "name": self.name,
                "licence": self.licence,
                "reader": {"format": self.format, "include": self.include, "text": self.score_column},
                "snapshots": {self.snapshot: self.place},
            }
        )

    @field_validator("place")
    @classmethod
    def _is_of_the_snapshot(cls, place: Place, fields: ValidationInfo) -> Place:
        """The snapshot of a package is its version, as it is for sources."""
        snapshot = fields.data.get("snapshot")
        if isinstance(place, Package) and snapshot not in (None, place.version):
            raise ValueError(f"snapshot {snapshot} is not the version in {place.package}; name it {place.version}")
        return place


class SequenceClassifierScorer(ScorerDeclaration):
    """A sequence classifier in Hugging Face format, read on the first ``max_tokens`` of each document.

    The score of a model with one output is that output; of one with several it is the probability of ``label``, which
    is a name of the model's ``id2label`` or the number of an output.
    """

    kind: Literal["sequence_classifier"]
    folder: Path
    max_tokens: Annotated[int, Field(gt=0)]
    label: str | int | None = None


Scorer = Annotated[
    FastTextScorer | HeuristicScorer | FileScorer | SequenceClassifierScorer, Field(discriminator="kind")
]


class ScorerFile(Declared):
    """A file in the folder of scorers: it is a scorer as a whole."""

    scorer: Scorer

    @model_validator(mode="before")
    @classmethod
    def _is_a_scorer(cls, value: Any) -> dict[str, Any]:
        return {"scorer": value}


def read_scorers(folder: Path) -> dict[str, Scorer]:
    """The scorers that a folder declares, by name, in order of name. Relative folders in a file start at that folder.

    Raises:
        PhaselineError: a file is no valid declaration, or is not named after its scorer.
    """
    scorers: dict[str, Scorer] = {}
    for path in sorted(folder.glob("*.yaml")):
        scorer = read_declaration(path, ScorerFile).scorer
        if path.stem != scorer.name:
            raise PhaselineError(f"{path}: name: {scorer.name} is declared here", f"name it {scorer.name}.yaml")
        scorers[scorer.name] = with_whole_paths(scorer, folder)
    return scorers


def with_whole_paths(scorer: Scorer, folder: Path) -> Scorer:
    """The scorer with its relative folders made absolute."""
    match scorer:
        case FastTextScorer():
            return scorer.resolved(folder)
        case FileScorer(place=Folder() as place):
            return scorer.model_copy(update={"place": place.model_copy(update={"folder": whole(place.folder, folder)})})
        case SequenceClassifierScorer():
            return scorer.model_copy(update={"folder": whole(scorer.folder, folder)})
    return scorer


def whole(path: Path, folder: Path) -> Path:
    """A path as it is meant in a file of a folder."""
    return (folder / path.expanduser()).resolve()


def files_of(scorer: Scorer) -> Sequence[Source]:
    """What a scorer reads beside documents, pinned as ``raw/<name>/<snapshot>``: files of labels, or of scores."""
    match scorer:
        case FastTextScorer():
            return scorer.files
        case FileScorer():
            return [scorer.source]
    return []


def refuse_shared_names(scorers: Mapping[str, Scorer], sources: Collection[str], folder: Path) -> None:
    """Raise PhaselineError if two things would be pinned as the same ``raw/<name>/<snapshot>``.

    Args:
        sources: the names of all others that are pinned: the sources of documents and the benchmarks.
        folder: where the scorers are declared.
    """
    taken = dict.fromkeys(sources, "a source")
    for scorer in scorers.values():
        where = f"{folder}/{scorer.name}.yaml"
        for source in files_of(scorer):
            if source.name in taken:
                raise PhaselineError(
                    f"{where}: name: {source.name} is already the name of {taken[source.name]}",
                    "rename one of them: what both read is pinned as raw/<name>",
                )
            taken[source.name] = f"what {where} reads"


def refuse_unknown_measures(scorer: HeuristicScorer, measures: Collection[str], where: str) -> None:
    """Raise PhaselineError if a term names what is not measured.

    Args:
        measures: the names of what the filters of the scorer's domain measure.
        where: the file that declares the scorer.
    """
    for index, term in enumerate(scorer.terms):
        if term.measure not in measures:
            known = ", ".join(sorted(measures)) or "nothing"
            raise PhaselineError(
                f"{where}: terms.{index}.measure: no rule of {scorer.domain} measures {term.measure}",
                f"name one of what is measured ({known}), or declare its rules for {scorer.domain}",
            )
