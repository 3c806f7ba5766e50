"""Places of raw data as declarations: a package of the registry, a folder here or in any store, or downloads."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Discriminator, Field, JsonValue, StringConstraints, Tag

from pipelines.declared import Declared
from pipelines.readers.paths import climbs_out
from pipelines.readers.patterns import at_least_one

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#]+/[^?#]*[^/?#]([?#].*)?$")]
KINDS = {"package": "registry", "folder": "local", "url": "store", "files": "web"}  # by the field that each has


class Package(Declared):
    """An archive in the package registry, whose members are files: fetched by its digest, never installed."""

    package: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")]
    kind: Literal["wheel", "sdist"]
    sha256: Sha256

    @property
    def project(self) -> str:
        return self.package.split("==")[0]

    @property
    def version(self) -> str:
        return self.package.split("==")[1]


class Stored(Declared):
    """Files as they are stored. Those that match ``archives``, zip or tar, are looked into instead of being read."""

    archives: tuple[str, ...] = ()


class Folder(Stored):
    """A folder of one's own files, read in place; a relative path starts at the folder of the declaration."""

    folder: Path

    @property
    def address(self) -> str:
        return str(self.folder)


class RemoteFolder(Stored):
    """A folder at any address that fsspec knows (s3://, gs://, hf://, sftp://, …), read in place.

    ``options`` are those of fsspec's file system. They are not recorded; credentials belong into the environment.
    """

    url: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9+.:-]*://")]
    options: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.url


class RemoteFile(Declared):
    """A file to download. Without a declared digest, that of the bytes that came is recorded."""

    url: WebAddress
    sha256: Sha256 | None = None

    @property
    def path(self) -> str:
        """Where it lies in the source: below the name of its host."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}{unquote(parts.path)}"


def distinct_paths(files: tuple[RemoteFile, ...]) -> tuple[RemoteFile, ...]:
    seen: dict[str, str] = {}
    for file in files:
        if climbs_out(file.path):
            raise ValueError(f"{file.url} climbs out of its host")
        if file.path in seen:
            raise ValueError(f"{file.url} and {seen[file.path]} would both be {file.path}")
        seen[file.path] = file.url
    return files


class Downloads(Stored):
    """Files fetched over HTTP and kept."""

    files: Annotated[tuple[RemoteFile, ...], AfterValidator(at_least_one), AfterValidator(distinct_paths)]


def kind_of_place(value: Any) -> str | None:
    fields = value if isinstance(value, dict) else vars(value)
    return next((kind for field, kind in KINDS.items() if field in fields), None)


Place = Annotated[
    Annotated[Package, Tag("registry")]
    | Annotated[Folder, Tag("local")]
    | Annotated[RemoteFolder, Tag("store")]
    | Annotated[Downloads, Tag("web")],
    Discriminator(
        kind_of_place, custom_error_type="place", custom_error_message=f"one of {', '.join(KINDS)} is needed"
    ),
]
