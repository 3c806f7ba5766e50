"""Local folders: pinned where they lie, read as they were pinned, and links that lead nowhere good."""

import os
import pickle
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ALL, contents, made_raw, opened, silent, source_at, write_files, write_zip

import pipelines.fetch.digest_cache
from pipelines.errors import PhaselineError
from pipelines.fetch.raw import ensure_raw
from pipelines.fetch.snapshot import ChangedWhileReadError, open_raw
from pipelines.places import Folder
from pipelines.readers.formats import Files
from pipelines.readers.source_file import SourceFile
from pipelines.store import NotCurrentError, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def age(*files: Path, at: float = 1e9) -> None:
    """Make files look as if they had been written long ago, at a time in seconds since 1970."""
    for file in files:
        os.utime(file, (at, at))


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the files whose digest is computed."""
    names: list[str] = []
    compute = pipelines.fetch.digest_cache.file_digest

    def noted(path: Path) -> str:
        names.append(path.name)
        return compute(path)

    monkeypatch.setattr(pipelines.fetch.digest_cache, "file_digest", noted)
    return names


def test_files_are_read_where_they_lie(tmp_path: Path, store: Store) -> None:
    place = Folder(
        folder=write_files(tmp_path / "notes", {"b/2.txt": b"Two.", "a.txt": b"One.", "c.md": b"", "d": b"x"})
    )
    snapshot = opened(store, place)
    assert snapshot.files(Files(include=("**/*.txt", "*.md"), exclude=("b/*",))) == {"a.txt": 4, "c.md": 0}
    assert contents(snapshot) == {"a.txt": b"One.", "b/2.txt": b"Two.", "c.md": b"", "d": b"x"}
    assert contents(pickle.loads(pickle.dumps(snapshot)), "d", "a.txt") == {"d": b"x", "a.txt": b"One."}
    raw = store.require("raw/web_local/1")
    assert [file.path for file in raw.record.files] == ["inventory.parquet"]
    assert raw.record.facts == {
        "address": str(tmp_path / "notes"),
        "num_files": 4,
        "num_bytes": 9,
        "num_files_not_read": 0,
        "repositories": {},
    }


def test_the_same_files_are_the_same_snapshot_wherever_they_lie(tmp_path: Path, store: Store) -> None:
    places = [
        Folder(folder=write_files(tmp_path / name, {"x/a.txt": b"One.", "b": b"Two."})) for name in ("here", "there")
    ]
    first = made_raw(store, places[0])
    assert ensure_raw(store, source_at(places[1]), "1", silent).changes == []
    assert made_raw(Store(tmp_path / "other"), places[1]).digest == first.digest


def test_a_changed_folder_is_pinned_again(tmp_path: Path, store: Store) -> None:
    place = Folder(folder=write_files(tmp_path / "notes", {"a.txt": b"Alpha."}))
    first = made_raw(store, place)
    write_files(place.folder, {"a.txt": b"Gamma."})
    looking = Store(store.root, only_look=True)
    with pytest.raises(NotCurrentError):
        made_raw(looking, place)
    second = ensure_raw(store, source_at(place), "1", silent)
    assert second.artifact.record.version == 2
    assert second.artifact.digest != first.digest
    assert "place.inventory" in second.changes[0]


def test_a_declared_archive_is_part_of_what_is_pinned(tmp_path: Path, store: Store) -> None:
    folder = write_files(tmp_path / "notes", {"a.txt": b"One."})
    write_zip(folder / "b.zip", {"in.txt": b"Two."})
    closed = made_raw(store, Folder(folder=folder))
    assert made_raw(store, Folder(folder=folder, archives=("*.zip",))).digest != closed.digest


def test_looking_again_reads_nothing_that_is_old_and_unchanged(
    tmp_path: Path, store: Store, read_files: list[str]
) -> None:
    place = Folder(folder=write_files(tmp_path / "notes", {"a": b"1", "b": b"2", "c": b"3"}))
    age(*place.folder.iterdir())
    made_raw(store, place)
    write_files(place.folder, {"b": b"9"})
    age(place.folder / "b", at=1e9 + 1e-3)
    read_files.clear()
    (place.folder / "c").touch()
    made_raw(store, place)
    assert read_files == ["b", "c"]
    read_files.clear()
    made_raw(store, place)
    assert read_files == ["c"], "a file that was written a moment ago may be written again unseen"


def test_a_missing_or_empty_folder_is_named(tmp_path: Path, store: Store) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("nowhere", "empty"):
        with pytest.raises(PhaselineError, match=f"{name} holds no files"):
            made_raw(store, Folder(folder=tmp_path / name))


def test_a_pattern_that_selects_nothing_is_refused(tmp_path: Path, store: Store) -> None:
    snapshot = opened(store, Folder(folder=write_files(tmp_path / "notes", {"a.txt": b"1"})))
    with pytest.raises(PhaselineError) as refused:
        snapshot.files(Files(include=("*.html", "*.htm"), exclude=("b*",)))
    assert refused.value.what == "raw/web_local/1/1 has no file that matches *.html, *.htm and not b*"
    assert refused.value.remedy == "mend the source's reader.include and reader.exclude"


def test_links_are_read_only_within_the_folder(tmp_path: Path, store: Store) -> None:
    folder = write_files(tmp_path / "notes", {"in/a.txt": b"One."})
    write_files(tmp_path, {"out.txt": b"Two."})
    links = {
        "good": "in/a.txt",
        "outside": "../out.txt",
        "nowhere": "gone",
        "circle_1": "circle_2",
        "circle_2": "circle_1",
        "self": "self",
        "in/up": "..",
        "folder": "in",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    snapshot = opened(store, Folder(folder=folder))
    rejected = dict.fromkeys(sorted(links.keys() - {"good"}), "link")
    assert contents(snapshot) == {"in/a.txt": b"One.", "good": b"One.", **rejected}
    assert store.require("raw/web_local/1").record.facts["num_files_not_read"] == 7


def test_a_name_that_is_not_utf8_is_rejected(tmp_path: Path, store: Store) -> None:
    folder = write_files(tmp_path / "notes", {"a.txt": b"One.", "caf\udce9.txt": b"Two."})
    assert contents(opened(store, Folder(folder=folder))) == {
        "a.txt": b"One.",
        "caf\N{REPLACEMENT CHARACTER}.txt": "unsafe_path",
    }


def test_a_file_that_changed_before_it_is_read_is_rejected(tmp_path: Path, store: Store) -> None:
    files = {name: name.encode() for name in ("a", "b", "c", "d")}
    place = Folder(folder=write_files(tmp_path / "notes", files))
    snapshot = opened(store, place)
    write_files(place.folder, {"b": b"B"})
    (place.folder / "c").unlink()
    (place.folder / "d").touch()
    assert contents(snapshot) == {"a": b"a", "b": "changed_while_read", "c": "changed_while_read", "d": b"d"}
    assert snapshot.find("a") is not None
    assert snapshot.find("b") is None
    assert snapshot.find("unheard") is None


def test_a_file_that_changes_while_it_is_read_is_rejected_in_the_next_attempt(tmp_path: Path, store: Store) -> None:
    place = Folder(folder=write_files(tmp_path / "notes", {"a": b"a", "b": b"line\n" * 1000, "c": b"c"}))
    snapshot = opened(store, place)
    files = snapshot.read(["a", "b", "c"])
    for path in ("a", "b"):
        file = next(files)
        assert isinstance(file, SourceFile)
        assert file.path == path
        with file.open() as stream:
            stream.readline()
    write_files(place.folder, {"b": b"other"})
    with pytest.raises(ChangedWhileReadError, match="b changed while it was read: sha256"):
        next(files)
    assert contents(snapshot, "a", "b", "c") == {"a": b"a", "b": "changed_while_read", "c": b"c"}


def test_archives_are_looked_into_where_that_is_declared(tmp_path: Path, store: Store) -> None:
    folder = write_files(tmp_path / "notes", {"a.txt": b"One.", "deep/empty.tar": b""})
    write_zip(folder / "deep/b.zip", {"x/in.txt": b"Two.", "../out.txt": b"Three.", "z.md": b""})
    write_zip(folder / "c.zip", {"in.txt": b"Four."})
    with tarfile.open(folder / "deep/d.tar.gz", "w:gz") as tar:
        tar.add(folder / "a.txt", "a.txt")
    place = Folder(folder=folder, archives=("deep/**",))
    snapshot = opened(store, place)
    sizes = snapshot.files(Files(include=("**/*.txt",)))
    assert sizes == {
        "a.txt": 4,
        "deep/b.zip/../out.txt": 6,
        "deep/b.zip/x/in.txt": 4,
        "deep/d.tar.gz/a.txt": 4,
        "deep/empty.tar": 0,
    }
    assert contents(snapshot, *sizes) == {
        "a.txt": b"One.",
        "deep/b.zip/../out.txt": "unsafe_path",
        "deep/b.zip/x/in.txt": b"Two.",
        "deep/d.tar.gz/a.txt": b"One.",
        "deep/empty.tar": "unreadable_file",
    }
    assert [snapshot.unit(path) for path in sizes] == [*list(sizes)[:3], "deep/d.tar.gz", "deep/empty.tar"]
    found = snapshot.find("deep/d.tar.gz/a.txt")
    assert found is not None
    assert [found.read(), found.read()] == [b"One.", b"One."]
    assert snapshot.find("deep/b.zip/x/gone.txt") is None
    assert snapshot.find("deep/b.zip/../out.txt") is None


def test_an_archive_that_breaks_off_keeps_the_members_before(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    with tarfile.open(folder / "a.tar", "w") as tar:
        for number in range(9):
            write_files(tmp_path, {"file": b"%d" % number * 600})
            tar.add(tmp_path / "file", f"{number}.txt")
    whole = (folder / "a.tar").read_bytes()
    (folder / "a.tar").write_bytes(whole[: whole.index(b"6" * 600)])
    write_files(folder, {"b.zip": b"no archive"})
    snapshot = opened(store, Folder(folder=folder, archives=("*",)))
    read = contents(snapshot, *[path for path in snapshot.files(ALL) if path != "a.tar/6.txt"])
    assert read == {
        "a.tar": "unreadable_file",
        **{f"a.tar/{number}.txt": b"%d" % number * 600 for number in range(6)},
        "b.zip": "unreadable_file",
    }


def test_a_git_checkout_gives_its_repository(tmp_path: Path, store: Store) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = write_files(tmp_path / "code", {"tool/a.py": b"x = 1\n", "tool/deep/b.py": b"y = 1\n", "loose.py": b""})

    def git(*command: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(folder / "tool"), *identity, *command], check=True, capture_output=True)

    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    git("remote", "add", "origin", "https://someone:secret@example.org/tool.git")
    snapshot = opened(store, Folder(folder=folder))
    assert list(snapshot.files(ALL)) == ["loose.py", "tool/a.py", "tool/deep/b.py"]
    assert snapshot.repository("tool/deep/b.py") == "https://example.org/tool.git"
    assert snapshot.repository("loose.py") is None
    (repository,) = store.require("raw/web_local/1").record.facts["repositories"].items()
    assert repository[0] == "tool"
    assert len(repository[1]["commit"]) == 40
    other = open_raw(store, made_raw(store, Folder(folder=folder / "tool")), source_at(Folder(folder=folder / "tool")))
    assert other.repository("deep/b.py") == "https://example.org/tool.git"
