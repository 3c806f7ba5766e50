"""Shards behind a URL: a mirror of a home's artifacts, read through a bounded cache on this machine.

Tokens come in the blocks whose digests lie beside the token file. The manifest holds the digest of the shards, which
covers the list of files in their record, which holds the digest of the blocks' digests. So each byte that is fetched is
proven to be what the manifest was compiled against.
"""

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import fsspec
import numpy as np
from pydantic import ValidationError

from pipelines.errors import PhaselineError
from pipelines.record import RECORD, Record, content_digest
from pipelines.shards import BLOCK_BYTES, BLOCK_DIGEST_BYTES, BLOCK_DIGESTS, token_dtype
from pipelines.store import Store
from training.manifest import Manifest, SourceReference
from training.tokens.block_cache import BlockCache
from training.tokens.files import extents_file, open_extents, token_files
from training.tokens.windows import Int64s, SourceFiles, Stretches

SHARDS_VARIABLE = "PHASELINE_SHARDS"
CACHE_VARIABLE = "PHASELINE_SHARDS_CACHE"
CACHE_GIGABYTES_VARIABLE = "PHASELINE_SHARDS_CACHE_GB"
DEFAULT_CACHE_GIGABYTES = 64
NUM_CONNECTIONS = 16


class Block(NamedTuple):
    """A part of a file of the mirror, and the SHA-256 of its bytes."""

    path: str
    first_byte: int
    num_bytes: int
    sha256: str


class Connection:
    """Fetches blocks of a mirror into the cache, several at a time, each once."""

    def __init__(self, url: str, cache: BlockCache) -> None:
        self.url = url
        self.cache = cache
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise PhaselineError(
                f"{url} cannot be opened: {error}", f"install what is missing, or set {SHARDS_VARIABLE} to another URL"
            ) from error
        self._pool = ThreadPoolExecutor(NUM_CONNECTIONS, thread_name_prefix="fetch")
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[bytes]] = {}

    def read(self, block: Block, first_byte: int, num_bytes: int) -> bytes:
        """A part of a block, from the cache if it is there.

        Raises:
            PhaselineError: the mirror does not answer, or its bytes are not what the manifest was compiled against.
        """
        content = self.cache.read(block.sha256, first_byte, num_bytes)
        if content is not None:
            return content
        return self.fetch(block).result()[first_byte : first_byte + num_bytes]

    def prefetch(self, block: Block) -> None:
        """Fetch a block that the cache does not hold; returns at once."""
        if not self.cache.holds(block.sha256):
            self.fetch(block)

    def fetch(self, block: Block) -> Future[bytes]:
        """The content of a block, fetched into the cache by a thread."""
        with self._lock:
            if block.sha256 not in self._under_way:
                self._under_way[block.sha256] = self._pool.submit(self._fetched, block)
            return self._under_way[block.sha256]

    def _fetched(self, block: Block) -> bytes:
        try:
            content = self.content(block.path, block.first_byte, block.first_byte + block.num_bytes)
            if hashlib.sha256(content).hexdigest() != block.sha256:
                end_byte = block.first_byte + block.num_bytes
                raise PhaselineError(
                    f"bytes {block.first_byte:,} to {end_byte:,} of {self.url}/{block.path} "
                    "are not what the manifest was compiled against",
                    "copy the file to the mirror again",
                )
            self.cache.add(block.sha256, content)
            return content
        finally:
            with self._lock:
                del self._under_way[block.sha256]

    def content(self, path: str, first_byte: int | None = None, end_byte: int | None = None) -> bytes:
        """A file of the mirror, or a range of its bytes; raises PhaselineError where it cannot be read."""
        try:
            return self._files.cat_file(f"{self._root}/{path}", first_byte, end_byte)
        except Exception as error:  # each kind of file system has errors of its own
            raise PhaselineError(
                f"{self.url}/{path} cannot be read: {type(error).__name__}: {error}",
                f"copy it to the mirror, or see whether the URL in {SHARDS_VARIABLE} can be reached",
            ) from error


@dataclass(frozen=True)
class Mirror:
    """A copy of a home's ``artifacts`` folder behind an fsspec URL, and the cache of what was read of it."""

    url: str
    cache: BlockCache

    @cached_property
    def connection(self) -> Connection:
        return Connection(self.url, self.cache)


@dataclass(frozen=True)
class MirroredTokenFile:
    """A source's token file in a mirror, and the file of its extents, which is here."""

    mirror: Mirror
    extents: Path | None

    def open(self, source: SourceReference, vocab_size: int) -> "MirroredStream":
        """The source's stream; nothing is fetched until tokens are read."""
        extents = open_extents(source, self.extents)
        return MirroredStream(self.mirror.connection, source, token_dtype(vocab_size), extents)


class MirroredStream:
    """A stream in a token file of a mirror."""

    def __init__(
        self,
        connection: Connection,
        source: SourceReference,
        dtype: np.dtype[np.unsignedinteger],
        extents: Int64s,
    ) -> None:
        self._connection = connection
        self._source = source
        self._dtype = dtype
        self._extents = extents
        self._folder = f"{source.asset}/{source.version}"

    def stretches(self, starts: Int64s, num_tokens: int) -> Stretches:
        """Copies of the tokens that are asked for, gathered in memory."""
        wanted = np.unique(starts)
        parts = list(self._parts(wanted, num_tokens))
        blocks = self._fetch_ahead(number for number, _, _ in parts)
        content = b"".join(
            self._connection.read(blocks[number], first, num_bytes) for number, first, num_bytes in parts
        )
        extents = np.stack([np.arange(len(wanted)) * num_tokens, wanted], axis=1)
        extents.setflags(write=False)
        return Stretches(np.frombuffer(content, self._dtype), extents)

    def prefetch(self, starts: Int64s, num_tokens: int) -> None:
        """Fetch what the cache does not hold; returns at once, or when the blocks' digests are here."""
        self._fetch_ahead(number for number, _, _ in self._parts(starts, num_tokens))

    def _fetch_ahead(self, numbers: Iterable[int]) -> dict[int, Block]:
        blocks = {number: self._block(number) for number in dict.fromkeys(numbers)}
        for block in blocks.values():
            self._connection.prefetch(block)
        return blocks

    def _parts(self, starts: Int64s, num_tokens: int) -> Iterator[tuple[int, int, int]]:
        """The bytes of stretches of the stream, in order: block, first byte in the block, number of bytes."""
        for start in starts.tolist():
            for first_byte, end_byte in self._byte_ranges(start, start + num_tokens):
                at = first_byte
                while at < end_byte:
                    number, first = divmod(at, BLOCK_BYTES)
                    num_bytes = min(end_byte - at, BLOCK_BYTES - first)
                    yield number, first, num_bytes
                    at += num_bytes

    def _byte_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where a stretch of the stream lies in the token file, in order."""
        offsets = self._extents[:, 1]
        first, last = np.searchsorted(offsets, [start, end - 1], side="right") - 1
        for extent in range(first, last + 1):
            in_file, in_stream = self._extents[extent].tolist()
            shift = in_file - in_stream
            extent_end = end if extent == last else int(offsets[extent + 1])
            itemsize = self._dtype.itemsize
            yield (max(start, in_stream) + shift) * itemsize, (extent_end + shift) * itemsize

    def _block(self, number: int) -> Block:
        """A block of the token file, with the digest that its shards' record vouches for."""
        digest = self._connection.read(self._digests, number * BLOCK_DIGEST_BYTES, BLOCK_DIGEST_BYTES)
        tokens_file = self._source.tokens_file
        first_byte = number * BLOCK_BYTES
        num_bytes = min(BLOCK_BYTES, tokens_file.num_bytes - first_byte)
        return Block(f"{self._folder}/{tokens_file.path}", first_byte, num_bytes, digest.hex())

    @cached_property
    def _digests(self) -> Block:
        """The file of the blocks' digests, as a block of its own."""
        return whole_file(self._connection, self._source, BLOCK_DIGESTS)


def whole_file(connection: Connection, source: SourceReference, file: str) -> Block:
    """A file of a source's shards in a mirror as one block; raises PhaselineError where their record lists no such."""
    found = next((entry for entry in shards_record(connection, source).files if entry.path == file), None)
    if found is None:
        raise PhaselineError(
            f"{source.asset}@{source.version} has no {file} and cannot be read from a mirror",
            f"materialise {source.asset} again",
        )
    return Block(f"{source.asset}/{source.version}/{file}", 0, found.num_bytes, found.sha256)


def shards_record(connection: Connection, source: SourceReference) -> Record:
    """The record of a source's shards in a mirror; raises PhaselineError where it is not that of these shards."""
    path = f"{source.asset}/{source.version}/{RECORD}"
    again = f"copy {source.asset}@{source.version} to the mirror"
    try:
        record = Record.model_validate_json(connection.content(path))
    except ValidationError as error:
        raise PhaselineError(f"{connection.url}/{path} is not a record: {error}", again) from error
    if content_digest(record.files) != source.digest:
        raise PhaselineError(
            f"{connection.url}/{path} describes other shards than the manifest was compiled against", again
        )
    return record


def declared_mirror(home: Path, environment: Mapping[str, str]) -> Mirror | None:
    """The mirror that the environment names, or None; its cache is in the home unless the environment says where."""
    url = environment.get(SHARDS_VARIABLE)
    if not url:
        return None
    folder = Path(environment.get(CACHE_VARIABLE) or home / "cache" / "shards")
    declared = environment.get(CACHE_GIGABYTES_VARIABLE) or str(DEFAULT_CACHE_GIGABYTES)
    try:
        max_bytes = int(float(declared) * 1e9)
    except ValueError:
        raise PhaselineError(f"{CACHE_GIGABYTES_VARIABLE} is {declared!r}", "make it a number of gigabytes") from None
    return Mirror(url.rstrip("/"), BlockCache(folder, max_bytes))


def available_token_files(
    store: Store, manifest: Manifest, manifest_folder: Path, environment: Mapping[str, str]
) -> Mapping[str, SourceFiles]:
    """The files of each source by name: in the mirror that the environment names, else in the store.

    Raises:
        PhaselineError: without a mirror: shards that are missing, or were made anew.
    """
    mirror = declared_mirror(store.root, environment)
    if mirror is None:
        return token_files(store, manifest, manifest_folder)
    return {
        source.name: MirroredTokenFile(mirror, extents_file(source, manifest_folder)) for source in manifest.sources
    }
