"""Digests of local files that were computed before, so that looking at a folder does not read all of it."""

import sqlite3
import time
from pathlib import Path

from pipelines.digests import file_digest

DIGESTS = "digests.sqlite"  # below the root of a store

# A file written twice within a tick of its file system's clock shows one time for both; the coarsest ticks are 2 s.
TICK_NS = 2_000_000_000
ROWS_PER_COMMIT = 1000
PATIENCE_SECONDS = 60
TABLE = """
    CREATE TABLE IF NOT EXISTS digests
    (path TEXT PRIMARY KEY, num_bytes INTEGER, mtime_ns INTEGER, inode INTEGER, sha256 TEXT) WITHOUT ROWID
"""
FIND = "SELECT sha256 FROM digests WHERE path = ? AND num_bytes = ? AND mtime_ns = ? AND inode = ?"

State = tuple[str, int, int, int]


class DigestCache:
    """The SHA-256 of files by path, size, time of change and inode, in a SQLite file that processes share."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=PATIENCE_SECONDS)
        self._database.execute(TABLE)
        self._unsaved: dict[State, str] = {}

    def __enter__(self) -> "DigestCache":
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self._database.close()

    def digest(self, path: Path) -> str:
        """The SHA-256 of a file; it is read only where its state is not the one in which it was read before."""
        now = time.time_ns()
        stat = path.stat()
        state = (str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
        known = self._unsaved.get(state) or self._find(state)
        if known:
            return known
        digest = file_digest(path)
        if now - stat.st_mtime_ns > TICK_NS:
            self._unsaved[state] = digest
            if len(self._unsaved) == ROWS_PER_COMMIT:
                self.save()
        return digest

    def save(self) -> None:
        """Write down the digests that were computed since the last time, in one short transaction."""
        with self._database:
            rows = [(*state, digest) for state, digest in self._unsaved.items()]
            self._database.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?)", rows)
        self._unsaved.clear()

    def _find(self, state: State) -> str | None:
        row = self._database.execute(FIND, state).fetchone()
        return row[0] if row else None
