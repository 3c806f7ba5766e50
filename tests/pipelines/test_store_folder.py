"""Folders in stores: a real S3 server on this machine, and a store in memory."""

import gzip
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from places import contents, made_raw, opened, silent, source_at, write_zip

from pipelines.errors import PhaselineError
from pipelines.fetch.raw import ensure_raw
from pipelines.fetch.snapshot import ChangedWhileReadError
from pipelines.places import RemoteFolder
from pipelines.readers.formats import Files
from pipelines.readers.source_file import SourceFile
from pipelines.store import Store

BUCKET = "corpora"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A bucket of an S3 server, as a boto3 resource; its address is where clients of this process look for S3."""
    boto3 = pytest.importorskip("boto3", reason="moto is not installed")
    server_module = pytest.importorskip("moto.server", reason="moto is not installed")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield boto3.resource("s3")
    server.stop()


@pytest.fixture
def bucket(s3: Any) -> Iterator[Any]:
    made = s3.create_bucket(Bucket=BUCKET)
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


PLACE = RemoteFolder(url=f"s3://{BUCKET}/crawl/2026")


def put(bucket: Any, files: dict[str, bytes]) -> None:
    for key, data in files.items():
        bucket.put_object(Key=key, Body=data)


def test_objects_are_listed_and_read_where_they_lie(bucket: Any, store: Store) -> None:
    put(bucket, {f"crawl/2026/{i:02}/{j:02}.txt": b"%d %d" % (i, j) for i in range(5) for j in range(20)})
    put(bucket, {"crawl/2026/": b"", "crawl/2026/lines.gz": gzip.compress(b"line\n" * 9), "crawl/20260/no.txt": b"no"})
    snapshot = opened(store, PLACE)
    assert len(snapshot.files(Files(include=("**",)))) == 101
    assert snapshot.files(Files(include=("03/*.txt",), exclude=("**/0?.txt", "**/1[1-9].txt"))) == {"03/10.txt": 4}
    assert contents(snapshot, "03/19.txt", "lines.gz") == {"03/19.txt": b"3 19", "lines.gz": b"line\n" * 9}
    raw = store.require("raw/web_local/1")
    assert [file.path for file in raw.record.files] == ["inventory.parquet"]


def test_archives_in_a_store_are_looked_into(bucket: Any, store: Store, tmp_path: Path) -> None:
    tarred = BytesIO()
    with tarfile.open(fileobj=tarred, mode="w:gz") as tar:
        for number in range(50):
            info = tarfile.TarInfo(f"{number:02}.txt")
            info.size = 2
            tar.addfile(info, BytesIO(b"%02d" % number))
    write_zip(tmp_path / "b.zip", {f"{i}.txt": b"%d" % i for i in range(9)})
    put(bucket, {"crawl/2026/a.tar.gz": tarred.getvalue(), "crawl/2026/b.zip": (tmp_path / "b.zip").read_bytes()})
    snapshot = opened(store, PLACE.model_copy(update={"archives": ("*",)}))
    paths = [path for path in snapshot.files(Files(include=("**",))) if "4" in path]
    assert contents(snapshot, *paths) == {
        **{f"a.tar.gz/{number:02}.txt": b"%02d" % number for number in (4, 14, 24, 34, *range(40, 50))},
        "b.zip/4.txt": b"4",
    }


def test_a_changed_object_is_noticed(bucket: Any, store: Store) -> None:
    put(bucket, {f"crawl/2026/{name}.txt": name.encode() for name in "abcd"})
    snapshot = opened(store, PLACE)
    assert ensure_raw(store, source_at(PLACE), "1", silent).changes == []
    put(bucket, {"crawl/2026/b.txt": b"B"})
    bucket.Object("crawl/2026/c.txt").delete()
    assert contents(snapshot, "a.txt", "b.txt", "c.txt", "d.txt") == {
        "a.txt": b"a",
        "b.txt": "changed_while_read",
        "c.txt": "changed_while_read",
        "d.txt": b"d",
    }
    again = ensure_raw(store, source_at(PLACE), "1", silent)
    assert again.artifact.record.version == 2
    assert "place.inventory" in again.changes[0]


def test_an_object_that_changes_while_it_is_read_is_noticed(bucket: Any, store: Store) -> None:
    put(bucket, {"crawl/2026/a.txt": b"line\n" * 1000})
    snapshot = opened(store, PLACE)
    files = snapshot.read(["a.txt"])
    file = next(files)
    assert isinstance(file, SourceFile)
    file.read()
    put(bucket, {"crawl/2026/a.txt": b"other"})
    with pytest.raises(ChangedWhileReadError, match=r"a\.txt changed while it was read: ETag"):
        next(files)


def test_a_bucket_that_is_not_there_is_named(s3: Any, store: Store) -> None:
    with pytest.raises(PhaselineError, match="s3://nowhere-at-all/x"):
        made_raw(store, RemoteFolder(url="s3://nowhere-at-all/x"))


def test_an_address_of_no_known_kind_is_named(store: Store) -> None:
    with pytest.raises(PhaselineError, match="floppy://a/b cannot be opened"):
        made_raw(store, RemoteFolder(url="floppy://a/b"))


def test_any_other_store_is_read_alike(store: Store) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    files = MemoryFileSystem()
    files.pipe({"/notes/x/a.txt": b"One.", "/notes/b.txt": b"Two.", "/notes/../c.txt": b"Three."})
    place = RemoteFolder(url="memory://notes")
    snapshot = opened(store, place)
    assert contents(snapshot) == {"../c.txt": "unsafe_path", "b.txt": b"Two.", "x/a.txt": b"One."}
    files.pipe("/notes/b.txt", b"2222")
    assert contents(snapshot, "b.txt", "x/a.txt") == {"b.txt": "changed_while_read", "x/a.txt": b"One."}
    files.rm("/notes", recursive=True)
