"""The index of shards on this machine, or in the mirror that the environment names where they are not here."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.record import Record
from pipelines.shards import INDEX
from pipelines.store import Store
from training.manifest import SourceReference
from training.tokens.mirror import declared_mirror, shards_record, whole_file


def find_index(store: Store, source: SourceReference, environment: Mapping[str, str]) -> tuple[Record, Path]:
    """The record of a source's shards, and the file of their index; from a mirror it is fetched whole into the cache.

    Raises:
        PhaselineError: the shards are nowhere, or were made anew.
    """
    mirror = declared_mirror(store.root, environment)
    if mirror is None or source.version in store.versions(source.asset):
        shards = store.find(source.shards)
        return shards.record, shards.folder / INDEX
    block = whole_file(mirror.connection, source, INDEX)
    if not mirror.cache.holds(block.sha256):
        mirror.connection.fetch(block).result()
    return shards_record(mirror.connection, source), mirror.cache.path(block.sha256)
