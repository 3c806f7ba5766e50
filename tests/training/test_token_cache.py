"""A run reads the same tokens from a mirror as from its own disk, and refuses those of a damaged one."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
from made_streams import MadeStreams, made_streams

from pipelines.errors import PhaselineError
from pipelines.shards import BLOCK_BYTES
from training.tokens.block_cache import BlockCache
from training.tokens.files import token_files, verify_token_files
from training.tokens.mirror import Mirror, MirroredTokenFile, available_token_files
from training.tokens.windows import WindowReader

URL = "memory://bucket/phaseline"
TOKENS_PER_SHARDS = 1_300_000  # a little over two and a half megabytes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeStreams:
    return made_streams(tmp_path_factory.mktemp("home"), TOKENS_PER_SHARDS)


@pytest.fixture
def mirror(made: MadeStreams) -> Iterator[fsspec.AbstractFileSystem]:
    """The home's artifacts behind URL."""
    files = fsspec.filesystem("memory")
    files.put(f"{made.store.root}/artifacts/", "/bucket/phaseline/", recursive=True)
    yield files
    files.rm("/bucket", recursive=True)


def open_mirror(made: MadeStreams, cache: Path, gigabytes: float = 1, url: str = URL) -> WindowReader:
    environment = {
        "PHASELINE_SHARDS": url,
        "PHASELINE_SHARDS_CACHE": str(cache),
        "PHASELINE_SHARDS_CACHE_GB": str(gigabytes),
    }
    return WindowReader(made.manifest, available_token_files(made.store, made.manifest, made.folder, environment))


def num_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("??/*"))


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize("prefetched", [False, True])
@pytest.mark.parametrize("num_blocks", [2, 100])
def test_batches_equal_those_from_disk_within_the_bound(
    made: MadeStreams, tmp_path: Path, num_blocks: int, prefetched: bool
) -> None:
    here = WindowReader(made.manifest, token_files(made.store, made.manifest, made.folder))
    mirrored = open_mirror(made, tmp_path, num_blocks * BLOCK_BYTES / 1e9)
    for first, size in [*((first, 8) for first in range(0, 96, 8)), *((first, 4) for first in range(96, 120, 4))]:
        samples = range(first, first + size)
        if prefetched:
            mirrored.prefetch(samples)
        for found, expected in zip(mirrored.batch(samples), here.batch(samples), strict=True):
            assert np.array_equal(found, expected)
        assert num_bytes(tmp_path) <= num_blocks * BLOCK_BYTES


def test_what_was_read_once_needs_no_mirror(
    made: MadeStreams, tmp_path: Path, mirror: fsspec.AbstractFileSystem
) -> None:
    before = open_mirror(made, tmp_path).batch(range(96))
    for path in mirror.find("/bucket"):
        if not path.endswith("record.json"):
            mirror.rm(path)
    after = open_mirror(made, tmp_path).batch(range(96))
    assert all(map(np.array_equal, before, after))


def test_a_mirror_may_be_a_folder(made: MadeStreams, tmp_path: Path) -> None:
    copy = shutil.copytree(made.store.root / "artifacts", tmp_path / "copy")
    batch = open_mirror(made, tmp_path / "cache", url=str(copy)).batch(range(96, 120))
    assert batch.inputs.tolist() == made.expected(list(range(96, 120))).inputs.tolist()


def flip(content: bytes) -> bytes:
    middle = BLOCK_BYTES + BLOCK_BYTES // 2 if len(content) > 2 * BLOCK_BYTES else len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def of_other_shards(content: bytes) -> bytes:
    record = json.loads(content)
    record["files"] = record["files"][1:]
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    ("path", "damage", "message"),
    [
        ("tokens.bin", flip, r"bytes 1,048,576 to 2,097,152 of .*/shards/web/1/tokens.bin are not what"),
        ("tokens.sha256", flip, r"bytes 0 to 96 of .*/shards/web/1/tokens.sha256 are not what"),
        ("record.json", of_other_shards, r"shards/web/1/record.json describes other shards"),
        ("record.json", lambda _: b"<html>", r"shards/web/1/record.json is not a record"),
        ("tokens.bin", lambda content: content[: BLOCK_BYTES + 5], r"bytes 1,048,576 to .*/shards/web/1/tokens.bin"),
        ("tokens.bin", None, r"shards/web/1/tokens.bin cannot be read: FileNotFoundError"),
    ],
)
def test_a_damaged_mirror_is_refused_by_name(
    made: MadeStreams,
    tmp_path: Path,
    mirror: fsspec.AbstractFileSystem,
    path: str,
    damage: Callable[[bytes], bytes] | None,
    message: str,
) -> None:
    damaged = f"/bucket/phaseline/shards/web/1/{path}"
    if damage is None:
        mirror.rm(damaged)
    else:
        mirror.pipe_file(damaged, damage(mirror.cat_file(damaged)))
    with pytest.raises(PhaselineError, match=message) as refused:
        open_mirror(made, tmp_path).batch(range(96))
    assert "mirror" in refused.value.remedy


@pytest.mark.usefixtures("mirror")
def test_extents_are_verified_here_and_tokens_where_they_are_fetched(made: MadeStreams, tmp_path: Path) -> None:
    mirror = Mirror(URL, BlockCache(tmp_path, BLOCK_BYTES))
    files = {
        source.name: MirroredTokenFile(mirror, made.folder / source.extents.path if source.extents else None)
        for source in made.manifest.sources
    }
    sentences: list[str] = []
    verify_token_files(made.store, made.manifest, files, sentences.append)
    assert sentences[0].startswith("verifying 1 files")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PHASELINE_SHARDS": "no-such://bucket"}, "no-such://bucket cannot be opened: .*no-such"),
        ({"PHASELINE_SHARDS_CACHE_GB": "much"}, "PHASELINE_SHARDS_CACHE_GB is 'much'"),
    ],
)
def test_a_mirror_that_cannot_be_is_refused(made: MadeStreams, changes: dict[str, str], message: str) -> None:
    environment = {"PHASELINE_SHARDS": URL} | changes
    with pytest.raises(PhaselineError, match=message):
        WindowReader(made.manifest, available_token_files(made.store, made.manifest, made.folder, environment))


def test_without_a_mirror_the_store_has_the_tokens(made: MadeStreams) -> None:
    files = available_token_files(made.store, made.manifest, made.folder, {})
    assert files == token_files(made.store, made.manifest, made.folder)
