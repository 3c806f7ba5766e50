"""Nothing is made from an artifact whose files are not those that its record lists."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import PhaselineError
from pipelines.fetch.digest_cache import DIGESTS
from pipelines.record import RECORD
from pipelines.store import Artifact, Draft, Store
from training.lineage.verification import verify

FILES = {"documents-00000.parquet": "first", "documents-00001.parquet": "second", "sub/tokens.bin": "tokens"}


def make_files(draft: Draft) -> None:
    for name, text in FILES.items():
        (draft.folder / name).parent.mkdir(exist_ok=True)
        (draft.folder / name).write_text(text)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def parent(store: Store) -> Artifact:
    """An artifact whose record is a second younger than its files, as that of a large one is."""
    artifact = store.ensure("parent", make_files, code_version="1", parameters={}).artifact
    for file in artifact.record.files:
        grow_old(artifact.folder / file.path)
    return artifact


def grow_old(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))


def child(store: Store, parent: Artifact, code_version: str = "1") -> Artifact:
    return store.ensure("child", make_files, code_version=code_version, parameters={}, parents=[parent]).artifact


def flip(folder: Path) -> None:
    (folder / "sub/tokens.bin").write_text("tokenS")


def drop(folder: Path) -> None:
    (folder / "documents-00001.parquet").unlink()


def double(folder: Path) -> None:
    shutil.copy2(folder / "documents-00001.parquet", folder / "documents-00002.parquet")


def lengthen(folder: Path) -> None:
    (folder / "documents-00001.parquet").write_text("second and third")


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (flip, r"sub/tokens\.bin has SHA-256 [0-9a-f]{12} instead of [0-9a-f]{12}"),
        (drop, r"documents-00001\.parquet is missing"),
        (double, r"documents-00002\.parquet was added"),
        (lengthen, r"documents-00001\.parquet holds 16 bytes instead of 6"),
    ],
)
def test_an_altered_parent_stops_what_would_be_made_from_it(
    store: Store, parent: Artifact, alter: Callable[[Path], None], message: str
) -> None:
    current = child(store, parent)
    alter(parent.folder)
    assert child(store, parent) == current  # nothing is made, so nothing is looked at
    with pytest.raises(PhaselineError, match=rf"parent@1 was altered: .*{message}") as refusal:
        child(store, parent, code_version="2")
    assert refusal.value.remedy == f"restore {parent.folder} from a copy, or remove it and make parent again"
    assert store.versions("child") == [1]


def test_a_file_that_was_written_again_as_it_was_is_no_alteration(store: Store, parent: Artifact) -> None:
    (parent.folder / "sub/tokens.bin").write_text("tokens")
    assert child(store, parent).name == "child@1"
    assert (store.root / DIGESTS).is_file()


def test_files_older_than_the_record_are_not_read(store: Store, parent: Artifact) -> None:
    assert child(store, parent).name == "child@1"
    assert not (store.root / DIGESTS).exists()


def test_verify_finds_what_was_given_its_old_time_back(store: Store, parent: Artifact) -> None:
    altered = parent.folder / "sub/tokens.bin"
    before = altered.stat()
    flip(parent.folder)
    os.utime(altered, ns=(before.st_atime_ns, before.st_mtime_ns))
    made = child(store, parent)
    (finding,) = verify(store, made.asset, made.record.version, None, lambda _: None)
    assert (finding.artifact, finding.what.partition(" ")[0]) == ("parent@1", str(altered))


def test_the_record_is_no_file_of_its_own(store: Store, parent: Artifact) -> None:
    (parent.folder / RECORD).touch()
    assert child(store, parent).name == "child@1"
