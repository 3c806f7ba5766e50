"""Raw archives from a package index in a folder, and from local folders."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.fetch import ensure_model, ensure_raw, fetch, raw_archive
from pipelines.readers.formats import TextReader
from pipelines.sources import Folder, ModelFile, Package, Source
from pipelines.store import Store


def silent(_: str) -> None:
    """No reports are wanted."""


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
        return Source(
            name="web_tiny",
            licence="MIT",
            snapshot=package.split("==")[1],
            reader=TextReader(format="text", include=("**/*.txt",)),
            where=Package(package=package, kind="wheel", sha256=digest),
        )

    return source


def test_a_pinned_package_is_kept_as_it_was_published(
    tmp_path: Path, index: Path, declare: Callable[..., Source]
) -> None:
    store = Store(tmp_path / "home")
    outcome = ensure_raw(store, declare(), silent)
    archive = raw_archive(outcome.artifact)
    assert archive.read_bytes() == (index / "tinytext-1.0-py3-none-any.whl").read_bytes()
    assert outcome.artifact.record.parameters["licence"] == "MIT"
    assert ensure_raw(store, declare(), silent).changes == []


def test_a_package_of_two_sources_is_fetched_once(tmp_path: Path, index: Path, declare: Callable[..., Source]) -> None:
    store = Store(tmp_path / "home")
    source = declare()
    first = ensure_raw(store, source, silent).artifact
    (index / "tinytext-1.0-py3-none-any.whl").unlink()
    said: list[str] = []
    second = ensure_raw(store, source.model_copy(update={"name": "web_other"}), said.append).artifact
    assert said == ["taking tinytext-1.0-py3-none-any.whl from web_tiny"]
    assert second.digest == first.digest
    raw_archive(first).write_bytes(b"altered")
    raw_archive(second).write_bytes(b"altered")
    with pytest.raises(PhaselineError, match="could not be fetched"):
        ensure_raw(store, source.model_copy(update={"name": "web_third"}), silent)


def test_an_altered_download_is_refused_and_leaves_nothing(
    tmp_path: Path, index: Path, declare: Callable[..., Source]
) -> None:
    store = Store(tmp_path / "home")
    source = declare(sha256="0" * 64)
    with pytest.raises(PhaselineError) as refused:
        ensure_raw(store, source, silent)
    published = file_digest(index / "tinytext-1.0-py3-none-any.whl")
    assert refused.value.what == (f"tinytext==1.0 (wheel) has the digest {published}, but {'0' * 64} is declared")
    assert store.versions("raw/web_tiny") == []
    assert [path.name for path in store.folder("raw/web_tiny").iterdir()] == [".lock"]


def test_an_unreachable_package_is_named_with_the_remedy(tmp_path: Path, declare: Callable[..., Source]) -> None:
    with pytest.raises(PhaselineError) as refused:
        ensure_raw(Store(tmp_path / "home"), declare("no-such-package-anywhere==2.0"), silent)
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


def folder_source(folder: Path) -> Source:
    reader = TextReader(format="text", include=("**",))
    return Source(name="web_local", licence="CC0-1.0", snapshot="1", reader=reader, where=Folder(folder=folder))


def test_a_folder_is_packed_with_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    archives = []
    for place in ("here", "there"):
        folder = tmp_path / place
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "b.txt").write_text("Beta.")
        (folder / "a.txt").write_text("Alpha.")
        target = tmp_path / f"packed_{place}"
        target.mkdir()
        archives.append(fetch(Folder(folder=folder), target, silent).read_bytes())
    assert archives[0] == archives[1]


def test_a_changed_folder_is_packed_again(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("Alpha.")
    store = Store(tmp_path / "home")
    first = ensure_raw(store, folder_source(folder), silent)
    assert ensure_raw(store, folder_source(folder), silent).artifact.record.version == 1
    (folder / "a.txt").write_text("Beta.")
    second = ensure_raw(store, folder_source(folder), silent)
    assert second.artifact.record.version == 2
    assert second.artifact.digest != first.artifact.digest
    assert "where.folder_digest" in second.changes[0]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhaselineError, match="nowhere holds no files"):
        ensure_raw(Store(tmp_path / "home"), folder_source(tmp_path / "nowhere"), silent)
