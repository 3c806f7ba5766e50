"""Sources as declarations: one YAML file for each domain, one entry for each source, no code."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from pipelines.declared import Declared, line_of, read_declaration
from pipelines.errors import PhaselineError
from pipelines.filters import Filters
from pipelines.readers.formats import Reader
from pipelines.readers.patterns import at_least_one

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Package(Declared):
    """An archive in the package registry: fetched by its digest, never installed."""

    package: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")]
    kind: Literal["wheel", "sdist"]
    sha256: Sha256

    @property
    def project(self) -> str:
        return self.package.split("==")[0]

    @property
    def version(self) -> str:
        return self.package.split("==")[1]


class Folder(Declared):
    """A folder of one's own files; a relative path starts at the folder of the declaration."""

    folder: Path


def kind_of_place(value: Any) -> str:
    return "local" if isinstance(value, Folder) or (isinstance(value, dict) and "folder" in value) else "archive"


Place = Annotated[
    Annotated[Package, Tag("archive")] | Annotated[Folder, Tag("local")],
    Discriminator(kind_of_place),
]


class Source(Declared):
    """Where raw data lives, under which licence, and how it is read."""

    name: Name
    licence: str
    licence_note: str = ""
    snapshot: str
    reader: Reader
    where: Place

    @model_validator(mode="after")
    def snapshot_is_the_version(self) -> "Source":
        if isinstance(self.where, Package) and self.snapshot != self.where.version:
            raise ValueError(f"snapshot {self.snapshot} is not the version in {self.where.package}")
        return self


class Domain(Declared):
    """A domain: its sources, and what all of them must pass.

    ``languages`` are the natural languages kept (ISO 639; none named keeps all), each with at least
    ``min_language_score`` of the identifier's probability. Neither is asked of source code.
    """

    domain: Literal["web", "math", "code", "wiki", "qa"]
    languages: tuple[str, ...] = ()
    min_language_score: float = Field(default=0.0, ge=0, le=1)
    filters: Filters
    sources: Annotated[tuple[Source, ...], AfterValidator(at_least_one)]


class ModelFile(Declared):
    """One file of a package: a model that the pipeline uses and does not train."""

    name: Name
    licence: str
    where: Package
    member: str


def read_domains(folder: Path) -> list[Domain]:
    """Every domain declared in a folder, in order of file name.

    Raises:
        PhaselineError: a file is not valid, is not named after its domain, or names a source that another entry has.
    """
    domains = []
    places: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        domain = read_declaration(path, Domain)
        if path.stem != domain.domain:
            raise PhaselineError(f"{path}: domain: {domain.domain} is declared here", f"name it {domain.domain}.yaml")
        for source, line in zip(domain.sources, name_lines(path, len(domain.sources)), strict=True):
            place = f"{path}:{line}"
            if source.name in places:
                raise PhaselineError(
                    f"{place}: sources.name: {source.name} is already at {places[source.name]}", "rename one of them"
                )
            places[source.name] = place
        domains.append(resolve_folders(domain, folder))
    if not domains:
        raise PhaselineError(f"{folder} declares no sources", "write one YAML file for each domain there")
    return domains


def name_lines(path: Path, num_sources: int) -> list[int]:
    """The line on which each source of a file is named."""
    node = yaml.compose(path.read_text())
    return [line_of(node, ("sources", index, "name")) for index in range(num_sources)]


def resolve_folders(domain: Domain, folder: Path) -> Domain:
    """The domain with the relative folders of its sources made absolute."""

    def resolved(source: Source) -> Source:
        if isinstance(source.where, Package):
            return source
        where = Folder(folder=(folder / source.where.folder).resolve())
        return source.model_copy(update={"where": where})

    return domain.model_copy(update={"sources": tuple(resolved(source) for source in domain.sources)})
