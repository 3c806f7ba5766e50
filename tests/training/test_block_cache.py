"""A cache of blocks never holds more than its bound, and gives up what was not used for longest."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import PhaselineError
from training.tokens.block_cache import BlockCache


def block(number: int, num_bytes: int = 100) -> tuple[str, bytes]:
    content = number.to_bytes(4, "little") * (num_bytes // 4)
    return hashlib.sha256(content).hexdigest(), content


def num_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("??/*"))


def test_a_block_is_read_in_parts(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, 1000)
    digest, content = block(7)
    assert cache.read(digest, 0, 10) is None
    cache.add(digest, content)
    assert cache.read(digest, 10, 7) == content[10:17]


def test_the_least_recently_used_blocks_make_room(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, 1000)
    digests = []
    for number in range(10):
        digest, content = block(number)
        cache.add(digest, content)
        os.utime(cache.path(digest), (number, number))
        digests.append(digest)
    assert num_bytes(tmp_path) == 1000
    cache.read(digests[0], 0, 1)
    newest, content = block(10)
    cache.add(newest, content)
    held = [digest for digest in [*digests, newest] if cache.holds(digest)]
    assert held == [digests[0], *digests[2:], newest]


def test_what_a_killed_process_left_is_removed_and_counted_anew(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, 1000)
    for number in range(9):
        cache.add(*block(number))
    digest, content = block(9)
    half = cache.path(digest).with_suffix(".part")
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(content[:50])
    (tmp_path / "num_bytes").unlink()
    cache.add(digest, content)
    assert not half.exists()
    assert num_bytes(tmp_path) == 1000


def test_a_block_larger_than_the_bound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhaselineError, match="bounded to 50 bytes"):
        BlockCache(tmp_path, 50).add(*block(1))


def test_processes_share_the_bound(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", ADD_AND_READ, str(tmp_path)]
    processes = [subprocess.Popen([*arguments, str(seed)], stdout=subprocess.PIPE, text=True) for seed in range(3)]
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        assert output == "all equal, never more than 1000 bytes\n"


ADD_AND_READ = """
import random, sys
from pathlib import Path

sys.path.insert(0, "tests/training")
from test_block_cache import block
from training.tokens.block_cache import BlockCache

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
cache, choice = BlockCache(folder, 1000), random.Random(seed)
for _ in range(100):
    digest, content = block(choice.randrange(30))
    found = cache.read(digest, 0, len(content))
    assert found in (None, content)
    if found is None:
        cache.add(digest, content)
    with cache._locked():  # a sum over a folder that others change would be of no moment
        assert sum(path.stat().st_size for path in folder.glob("??/*")) <= 1000
print("all equal, never more than 1000 bytes")
"""
