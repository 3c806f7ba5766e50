"""Sources as declarations: one YAML file for each domain, one entry for each source, no code."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, Field, StringConstraints, field_validator

from pipelines.declared import Declared, line_of, read_declaration
from pipelines.errors import PhaselineError
from pipelines.filters import Filters
from pipelines.licences import Licence
from pipelines.mask import Masks
from pipelines.places import Folder, Package, Place
from pipelines.readers.formats import Reader
from pipelines.readers.patterns import at_least_one
from pipelines.site_lines.declared import SiteLines
from pipelines.urls.rules import UrlRules

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
SnapshotName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]


class Source(Declared):
    """Where raw data lives, under which licence and terms, and how it is read.

    ``snapshots`` are places by name, in the order in which they came; the snapshot of a package is its version.
    """

    name: Name
    licence: Licence
    terms: str = ""
    reader: Reader
    snapshots: Annotated[dict[SnapshotName, Place], AfterValidator(at_least_one)]

    @property
    def documents(self) -> list[str]:
        """The assets of its documents, one for each snapshot."""
        return [f"documents/{self.name}/{snapshot}" for snapshot in self.snapshots]

    @field_validator("snapshots")
    @classmethod
    def packages_are_named_by_their_version(cls, snapshots: dict[str, Place]) -> dict[str, Place]:
        for name, place in snapshots.items():
            if isinstance(place, Package) and name != place.version:
                raise ValueError(f"snapshot {name} is not the version in {place.package}")
        return snapshots


class Domain(Declared):
    """A domain: its sources, and what all of them must pass.

    ``languages`` are the natural languages kept (ISO 639; none named keeps all), each with at least
    ``min_language_score`` of the identifier's probability. Neither is asked of source code.
    """

    domain: Literal["web", "math", "code", "wiki", "qa"]
    languages: tuple[str, ...] = ()
    min_language_score: float = Field(default=0.0, ge=0, le=1)
    urls: UrlRules | None = None
    site_lines: SiteLines | None = None
    mask: Masks = Masks()
    filters: Filters
    sources: Annotated[tuple[Source, ...], AfterValidator(at_least_one)]


class ModelFile(Declared):
    """One file of a package: a model that the pipeline uses and does not train."""

    name: Name
    licence: Licence
    where: Package
    member: str


def read_domains(folder: Path) -> list[Domain]:
    """Every domain declared in a folder, in order of file name.

    Raises:
        PhaselineError: a file is not valid, is not named after its domain, or names a source or a snapshot twice.
    """
    domains = []
    places: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        domain = read_declaration(path, Domain)
        if path.stem != domain.domain:
            raise PhaselineError(f"{path}: domain: {domain.domain} is declared here", f"name it {domain.domain}.yaml")
        node = yaml.compose(path.read_text())
        refuse_repeated_keys(path, node)
        for index, source in enumerate(domain.sources):
            place = f"{path}:{line_of(node, ('sources', index, 'name'))}"
            if source.name in places:
                raise PhaselineError(
                    f"{place}: sources.name: {source.name} is already at {places[source.name]}", "rename one of them"
                )
            places[source.name] = place
        sources = tuple(resolve_folders(source, folder) for source in domain.sources)
        urls = domain.urls.resolved(folder) if domain.urls else None
        domains.append(domain.model_copy(update={"sources": sources, "urls": urls}))
    if not domains:
        raise PhaselineError(f"{folder} declares no sources", "write one YAML file for each domain there")
    return domains


def refuse_repeated_keys(path: Path, node: yaml.Node | None) -> None:
    """Raise PhaselineError where a mapping has a key twice, such as a snapshot: YAML's reader keeps the last alone."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise PhaselineError(
                    f"{path}:{line}: {key.value} is already at line {seen[key.value]}", "rename or remove one of them"
                )
            seen[key.value] = line
            refuse_repeated_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            refuse_repeated_keys(path, item)


def resolve_folders(source: Source, folder: Path) -> Source:
    """The source with the relative folders of its snapshots made absolute."""

    def resolved(place: Place) -> Place:
        if not isinstance(place, Folder):
            return place
        return place.model_copy(update={"folder": (folder / place.folder.expanduser()).resolve()})

    snapshots = {name: resolved(place) for name, place in source.snapshots.items()}
    return source.model_copy(update={"snapshots": snapshots})
