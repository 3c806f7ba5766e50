"""Members of zip and tar archives: which are read, which are rejected, and what a broken archive gives."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping

import pytest
from backports import zstd

from pipelines.readers.archive import Archive, is_archive
from pipelines.readers.decompress import LEAST_BOMB_BYTES
from pipelines.readers.source_file import BROKEN, RejectedFile, SourceFile, in_memory

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "a.tar": bytes,
    "a.tar.gz": gzip.compress,
    "a.tgz": gzip.compress,
    "a.tar.bz2": bz2.compress,
    "a.tar.xz": lzma.compress,
    "a.tar.zst": zstd.compress,
}
FILES = {"x/b.txt": b"Beta.", "a.txt": b"Alpha.", "x/empty.txt": b""}


def zipped(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("x")
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(files: Mapping[str, bytes], *others: tarfile.TarInfo) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        folder = tarfile.TarInfo("x")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in others:
            tar.addfile(info)
    return data.getvalue()


def archive_of(name: str, data: bytes, prefix: str = "") -> Archive:
    return Archive(in_memory(name, data), prefix)


def contents(archive: Archive, *paths: str) -> dict[str, bytes | str]:
    """What reading some members gives: their bytes, or why they are rejected."""
    found = archive.read(paths or [path for path, _ in archive.sizes()])
    return {file.path: file.read() if isinstance(file, SourceFile) else file.rejection.reason for file in found}


@pytest.mark.parametrize("name", ["a.zip", "a.whl", *COMPRESSORS])
def test_members_are_listed_and_read_under_a_prefix(name: str) -> None:
    data = COMPRESSORS[name](tarred(FILES)) if name in COMPRESSORS else zipped(FILES)
    archive = archive_of(name, data, "sub/")
    assert is_archive(name)
    assert dict(archive.sizes()) == {"sub/x/b.txt": 5, "sub/a.txt": 6, "sub/x/empty.txt": 0}
    assert contents(archive) == {f"sub/{path}": content for path, content in FILES.items()}
    assert contents(archive, "sub/a.txt") == {"sub/a.txt": b"Alpha."}


@pytest.mark.parametrize("name", ["a.gz", "a.txt", "tar", "zip/a"])
def test_other_names_are_no_archives(name: str) -> None:
    assert not is_archive(name)


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_members_that_climb_out_are_rejected_and_odd_paths_are_clean(name: str) -> None:
    files = {"../out.txt": b"1", "/etc/passwd": b"2", "x/../../y": b"3", "./x//in.txt": b"4", "..notup/ok": b"5"}
    archive = archive_of(name, (zipped if name == "a.zip" else tarred)(files), "a/")
    assert contents(archive) == {
        "a/../out.txt": "unsafe_path",
        "a//etc/passwd": "unsafe_path",
        "a/x/../../y": "unsafe_path",
        "a/x/in.txt": b"4",
        "a/..notup/ok": b"5",
    }


def test_links_and_devices_are_rejected() -> None:
    infos = []
    for path, kind in {"soft": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE}.items():
        info = tarfile.TarInfo(path)
        info.type, info.linkname = kind, "/etc/hostname"
        infos.append(info)
    archive = archive_of("a.tar", tarred({"a.txt": b"1"}, *infos))
    assert contents(archive) == {"a.txt": b"1", "soft": "link", "hard": "link", "pipe": "unreadable_file"}
    link = zipfile.ZipInfo("soft")
    link.external_attr = 0o120777 << 16
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr(link, "/etc/hostname")
    assert contents(archive_of("a.zip", data.getvalue())) == {"soft": "link"}


def test_of_two_members_with_one_path_the_first_counts() -> None:
    archive = archive_of("a.tar", tarred({"a": b"1", "./a": b"22"}))
    assert contents(archive, "a") == {"a": b"1"}


def test_names_that_are_not_utf8_can_be_written_down() -> None:
    data = tarred({"caf\udce9.txt": b"1"})
    assert contents(archive_of("a.tar", data)) == {"caf\N{REPLACEMENT CHARACTER}.txt": b"1"}


def test_an_encrypted_member_is_rejected() -> None:
    data = bytearray(zipped({"a.txt": b"Alpha."}))
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 8] |= 1
    assert contents(archive_of("a.zip", bytes(data))) == {"a.txt": "unreadable_file"}


def test_a_zip_bomb_is_rejected_unread() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.txt", "w") as member:
        for _ in range(LEAST_BOMB_BYTES // (1 << 24) + 1):
            member.write(bytes(1 << 24))
    assert contents(archive_of("a.zip", data.getvalue())) == {"bomb.txt": "decompression_bomb"}


def test_a_compressed_member_is_bounded_too() -> None:
    bomb = gzip.compress(bytes(1 << 24)) * (LEAST_BOMB_BYTES // (1 << 24) + 1)
    members = archive_of("a.zip", zipped({"bomb.gz": bomb})).read(["bomb.gz"])
    file = next(members)
    assert isinstance(file, SourceFile)
    with file.open() as stream, pytest.raises(BROKEN, match="bytes expand to"):
        stream.seek(LEAST_BOMB_BYTES + (1 << 24))


def test_a_damaged_member_stops_that_member_alone() -> None:
    data = zipped({"a.txt": b"Alpha." * 9, "b.txt": b"", "c.txt": b"Gamma."})
    start = data.index(b"a.txt") + len(b"a.txt")
    archive = archive_of("a.zip", data[:start] + b"\xff\xff" + data[start + 2 :])
    read = {}
    for file in archive.read(["a.txt", "b.txt", "c.txt"]):
        assert isinstance(file, SourceFile)
        try:
            read[file.path] = file.read()
        except BROKEN:
            read[file.path] = b"damaged"
    assert read == {"a.txt": b"damaged", "b.txt": b"", "c.txt": b"Gamma."}


@pytest.mark.parametrize("name", COMPRESSORS)
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_an_archive_that_breaks_off_gives_what_came_before(name: str, share: float) -> None:
    files = {f"{i:02}.txt": random.Random(i).randbytes(1100) for i in range(40)}
    data = COMPRESSORS[name](tarred(files))
    archive = archive_of(name, data[: int(len(data) * share)])
    listed = []
    with pytest.raises(BROKEN):
        listed.extend(archive.sizes())
    assert listed == [(path, 1100) for path in list(files)[: len(listed)]]
    if name not in ("a.tar.bz2", "a.tar.zst"):  # their blocks are larger than this archive
        assert 40 * share - 3 < len(listed) < 40 * share + 5


def test_a_tar_that_breaks_off_between_two_members_is_found_out() -> None:
    data = tarred({"a.txt": b"Alpha.", "b.txt": b"Beta."})
    for end in (data.index(b"b.txt"), data.index(b"b.txt") + 100, data.index(b"Beta.") + 512):
        listed = []
        with pytest.raises(tarfile.ReadError):
            listed.extend(archive_of("a.tar", data[:end]).sizes())
        assert listed[0] == ("a.txt", 6)


def test_an_archive_that_is_none_is_an_error() -> None:
    for name in ("a.zip", "a.tar", "a.tar.gz"):
        for data in (b"", b"not an archive" * 100):
            with pytest.raises(BROKEN):
                list(archive_of(name, data).sizes())


def test_rejected_members_keep_their_size() -> None:
    (file,) = archive_of("a.tar", tarred({"../a": b"123"})).read(["../a"])
    assert isinstance(file, RejectedFile)
    assert file.num_bytes == 3
