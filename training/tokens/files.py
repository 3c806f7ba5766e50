"""The token files of a manifest's sources on this machine: where they are, and whether they are what they were.

To hash all shards whenever a run continues would take hours where they are large. So a file is hashed once, and a seal
is kept with what the file system says of it: size, time of change, inode. As long as the file system says the same, the
file is taken to be the same. A byte that flips on the disk without being written leaves all that as it was: ``phaseline
verify`` recomputes every digest and finds it.
"""

import mmap
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.record import Entry, FileEntry
from pipelines.shards import Tokens, open_tokens
from pipelines.store import Store
from training.manifest import Manifest, SourceReference
from training.tokens.windows import Int64s, SourceFiles, Stretches

VERIFIED = "verified"


@dataclass(frozen=True)
class TokenFile:
    """A source's token file, and the file of its extents where it is a selection of documents."""

    tokens: Path
    extents: Path | None

    def open(self, source: SourceReference, vocab_size: int) -> "MappedStream":
        """The source's stream; its tokens stay on disk until they are read."""
        tokens = open_tokens(self.tokens, vocab_size)
        if isinstance(tokens.base, mmap.mmap):
            tokens.base.madvise(mmap.MADV_RANDOM)  # reading ahead of a window reads megabytes for nothing
        return MappedStream(tokens.view(np.ndarray), open_extents(source, self.extents))


class MappedStream:
    """A stream in a memory-mapped token file."""

    def __init__(self, tokens: Tokens, extents: Int64s) -> None:
        self._whole = Stretches(tokens, extents)

    def stretches(self, _starts: Int64s, _num_tokens: int) -> Stretches:
        return self._whole

    def prefetch(self, starts: Int64s, num_tokens: int) -> None:
        """Nothing: the operating system keeps what it has read of a file."""


def open_extents(source: SourceReference, path: Path | None) -> Int64s:
    """The extents of a source's stream in its token file, shape (n, 2); without a file, one from ``first_token``."""
    if path is None:
        extents = np.array([[source.first_token, 0]], dtype=np.int64)
        extents.setflags(write=False)
        return extents
    return np.load(path, mmap_mode="r").view(np.ndarray)


def extents_file(source: SourceReference, manifest_folder: Path) -> Path | None:
    """The file of a source's extents in its manifest's folder, or None where its stream has no gaps."""
    return manifest_folder / source.extents.path if source.extents else None


def token_files(store: Store, manifest: Manifest, manifest_folder: Path) -> dict[str, TokenFile]:
    """The files of each source by name.

    Raises:
        PhaselineError: shards that are missing, or were made anew.
    """
    files = {}
    for source in manifest.sources:
        shards = store.find(source.shards)
        tokens = shards.folder / source.tokens_file.path
        files[source.name] = TokenFile(tokens, extents_file(source, manifest_folder))
    return files


class Seal(Entry):
    """What is known of a file that was hashed: the digest it had, and what the file system said of it."""

    sha256: str
    num_bytes: int
    modified_ns: int  # since 1970, as the file system counts it
    inode: int


@dataclass(frozen=True)
class Expected:
    """A file of a manifest's sources as it was when the manifest was compiled."""

    path: Path
    recorded: FileEntry
    remedy: str

    def seal(self) -> Seal:
        """The seal of the file if it is unchanged; raises PhaselineError if it is missing or of another size."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            raise self.altered("is missing") from None
        if status.st_size != self.recorded.num_bytes:
            raise self.altered(f"holds {status.st_size:,} bytes instead of {self.recorded.num_bytes:,}")
        return Seal(
            sha256=self.recorded.sha256,
            num_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
            inode=status.st_ino,
        )

    def verify(self) -> None:
        """Raise PhaselineError if the file's content is not what it was."""
        if file_digest(self.path) != self.recorded.sha256:
            raise self.altered("has changed since the manifest was compiled")

    def altered(self, how: str) -> PhaselineError:
        return PhaselineError(f"{self.path} {how}", self.remedy)


def expected_files(manifest: Manifest, files: Mapping[str, SourceFiles]) -> list[Expected]:
    """Each file of a manifest's sources that is on this machine, once, in the order of the sources."""
    expected: dict[Path, Expected] = {}
    for source in manifest.sources:
        of_source = files[source.name]
        if isinstance(of_source, TokenFile):
            tokens = of_source.tokens
            remake = f"restore it from a copy, or remove {tokens.parent} and materialise {source.asset} again"
            expected[tokens] = Expected(tokens, source.tokens_file, remake)
        if of_source.extents and source.extents:
            extents = of_source.extents
            expected[extents] = Expected(extents, source.extents, "restore it from a copy")
    return list(expected.values())


def verify_token_files(
    store: Store, manifest: Manifest, files: Mapping[str, SourceFiles], report: Callable[[str], None]
) -> None:
    """Refuse files that are not what the manifest was compiled against; hash only those that have no valid seal.

    Raises:
        PhaselineError: a file is missing, or its size or SHA-256 is not the manifest's.
    """
    expected = [(file, file.seal(), seal_path(store, file.path)) for file in expected_files(manifest, files)]
    unsealed = [(file, seal, path) for file, seal, path in expected if not has_seal(path, seal)]
    if not unsealed:
        return
    num_bytes = sum(seal.num_bytes for _, seal, _ in unsealed)
    report(f"verifying {len(unsealed)} files, {num_bytes / 1e9:,.1f} GB; once, as long as nobody writes to them")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        verified = [pool.submit(file.verify) for file, _, _ in unsealed]
        for (_, seal, path), future in zip(unsealed, verified, strict=True):
            future.result()
            write_seal(path, seal)


def seal_path(store: Store, path: Path) -> Path:
    """Where the seal of a store's file is kept."""
    relative = path.relative_to(store.root / "artifacts")
    return store.root / VERIFIED / relative.with_name(f"{relative.name}.json")


def has_seal(path: Path, seal: Seal) -> bool:
    """Whether this very seal is kept."""
    return path.is_file() and path.read_text() == seal.model_dump_json()


def write_seal(path: Path, seal: Seal) -> None:
    """Keep a seal: written beside its place and renamed into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(seal.model_dump_json())
    beside.rename(path)
