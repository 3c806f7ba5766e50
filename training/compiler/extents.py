"""Extents: the stretches of a token file that a selection of documents reads, as files of a manifest's artifact.

int64 of shape (n, 2): where each stretch starts in the token file, and where in the source's stream.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.record import FileEntry

Int64s = npt.NDArray[np.int64]


def describe_extents(source: str, extents: Int64s) -> FileEntry:
    """The entry of the file that will hold a source's extents; its name is safe in any file system."""
    content = as_bytes(extents)
    return FileEntry(
        path=f"extents/{xxhash.xxh3_64_hexdigest(source)}.npy",
        num_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def write_extents(folder: Path, extents: Mapping[str, Int64s]) -> None:
    """Write the extents of each source below a manifest's folder."""
    for source, stretches in extents.items():
        path = folder / describe_extents(source, stretches).path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(as_bytes(stretches))


def as_bytes(extents: Int64s) -> bytes:
    """Extents in numpy's file format."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(extents, dtype="<i8"), allow_pickle=False)
    return buffer.getvalue()
