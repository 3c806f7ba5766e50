"""A bounded folder of blocks by their SHA-256, the least recently used removed first; processes may share it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipelines.errors import PhaselineError

KEPT_SHARE = 0.9  # of the bound, when room is made: so the folder is listed once in many blocks
BESIDE = ".part"


@dataclass(frozen=True)
class BlockCache:
    """Blocks in ``folder``, never more than ``max_bytes`` of them.

    A block is written beside its place and renamed into it, under a lock that every process takes to add or to remove
    one; the locked file holds the sum of their sizes. Readers take no lock: an open file outlives its removal.
    """

    folder: Path
    max_bytes: int

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def holds(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def read(self, sha256: str, first_byte: int, num_bytes: int) -> bytes | None:
        """A part of a block, which counts as used now; None where the block is not held."""
        try:
            file = os.open(self.path(sha256), os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            os.utime(file)
            return os.pread(file, num_bytes, first_byte)
        finally:
            os.close(file)

    def add(self, sha256: str, content: bytes) -> None:
        """Keep a block, removing others where there is no room; raises PhaselineError if it exceeds the bound alone."""
        if len(content) > self.max_bytes:
            raise PhaselineError(
                f"a block of {len(content):,} bytes does not fit in {self.folder}, bounded to {self.max_bytes:,} bytes",
                "give the cache a larger bound",
            )
        path = self.path(sha256)
        with self._locked() as file:
            if path.is_file():
                return
            held = read_sum(file)
            if held is None or held + len(content) > self.max_bytes:
                held = self._make_room(len(content))
            write_sum(file, held + len(content))  # first: who is killed after it leaves a sum too large, not too small
            path.parent.mkdir(exist_ok=True)
            beside = path.with_suffix(BESIDE)
            with beside.open("wb") as block:
                block.write(content)
                block.flush()
                os.fsync(block.fileno())
            beside.rename(path)

    def _make_room(self, num_bytes: int) -> int:
        """Remove the least recently used blocks until another fits; returns the bytes that are left."""
        blocks = []
        for path in self.folder.glob("??/*"):
            if path.suffix == BESIDE:  # left by a killed process: the lock proves that nobody is writing it
                path.unlink()
            else:
                status = path.stat()
                blocks.append((status.st_mtime_ns, path, status.st_size))
        held = sum(size for _, _, size in blocks)
        for _, path, size in sorted(blocks):
            if held <= min(self.max_bytes - num_bytes, KEPT_SHARE * self.max_bytes):
                break
            path.unlink()
            held -= size
        return held

    @contextmanager
    def _locked(self) -> Iterator[TextIO]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "num_bytes").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def read_sum(file: TextIO) -> int | None:
    """The sum of all blocks' sizes, or None where it was not written yet."""
    file.seek(0)
    text = file.read()
    return int(text) if text else None


def write_sum(file: TextIO, num_bytes: int) -> None:
    file.truncate(0)
    file.write(str(num_bytes))
    file.flush()
