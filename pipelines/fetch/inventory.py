"""The inventory of a raw artifact: every file of a place as it was when it was pinned."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.digests import canonical_json
from pipelines.rejection import Rejection

INVENTORY = "inventory.parquet"
ROWS_PER_GROUP = 10_000

SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),  # below the place, ascending
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
        pa.field("how", pa.string(), nullable=False),  # what the digest is
        pa.field("is_archive", pa.bool_(), nullable=False),
    ]
)

SHA256 = "sha256"
UNSAFE_PATH, LINK, UNREADABLE = NOT_READ = ("unsafe_path", "link", "unreadable_file")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a place.

    Args:
        path: below the place.
        num_bytes: its size.
        digest: what tells its content from another's: by ``how``.
        how: ``sha256``; or the field of a store's own account of the file, such as ``ETag``; or the reason why it is
            not read, one of ``NOT_READ``, with the detail in place of a digest.
        is_archive: it is looked into; its members are files of the source.
    """

    path: str
    num_bytes: int
    digest: str
    how: str
    is_archive: bool = False

    @property
    def rejection(self) -> Rejection | None:
        """Why it is not read, or None."""
        return Rejection(self.how, self.digest) if self.how in NOT_READ else None


def write_inventory(folder: Path, files: Iterable[StoredFile]) -> None:
    """Write the inventory of an artifact into its folder."""
    table = pa.Table.from_pylist([asdict(file) for file in files], schema=SCHEMA)
    pq.write_table(table, folder / INVENTORY, compression="zstd", row_group_size=ROWS_PER_GROUP)


def read_inventory(folder: Path) -> Iterator[StoredFile]:
    """Every file of an artifact's inventory, in order of path."""
    for batch in pq.ParquetFile(folder / INVENTORY).iter_batches(ROWS_PER_GROUP):
        for row in batch.to_pylist():
            yield StoredFile(**row)


def find_in_inventory(folder: Path, paths: Collection[str]) -> dict[str, StoredFile]:
    """Those files of an artifact's inventory that have one of some paths."""
    table = pq.read_table(folder / INVENTORY, filters=[("path", "in", list(paths))])
    return {row["path"]: StoredFile(**row) for row in table.to_pylist()}


def inventory_digest(files: Iterable[StoredFile]) -> str:
    """SHA-256 over the rows of an inventory, hexadecimal."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(canonical_json(astuple(file)) + b"\n")
    return digest.hexdigest()
