"""Where documents lie in the streams of tokens that a manifest's sources are."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from training.manifest import SourceReference
from training.tokens.files import extents_file, open_extents

Int64s = npt.NDArray[np.int64]


class DocumentsInStream(NamedTuple):
    """Documents as tokens [start, end) of a stream, int64 of shape (n,), ascending; empty where the stream has none."""

    starts: Int64s
    ends: Int64s

    def between(self, start: int, end: int) -> Int64s:
        """The numbers of the documents that have tokens in [start, end) of the stream, ascending."""
        first = np.searchsorted(self.ends, start, side="right")
        last = np.searchsorted(self.starts, end, side="left")
        here = np.arange(first, last)
        return here[self.ends[here] > self.starts[here]]


def documents_in_stream(manifest_folder: Path, source: SourceReference, index: pa.Table) -> DocumentsInStream:
    """Where the documents of shards, or some of them in their order, lie in a source's stream.

    Args:
        manifest_folder: of the manifest's artifact, which holds the extents of sources that are selections.
        index: of the shards, with offsets and lengths in tokens of the token file.
    """
    extents = open_extents(source, extents_file(source, manifest_folder))
    offsets, lengths = index["offset"].to_numpy(), index["length"].to_numpy()
    return DocumentsInStream(
        stream_places(extents, source.num_tokens, offsets), stream_places(extents, source.num_tokens, offsets + lengths)
    )


def stream_places(extents: Int64s, num_tokens: int, offsets: Int64s) -> Int64s:
    """How many tokens of a stream lie before offsets in the token file.

    Args:
        extents: where each stretch begins in the token file and in the stream, ascending, shape (n, 2).
        num_tokens: of the stream.
    """
    lengths = np.diff(extents[:, 1], append=num_tokens)
    number = np.searchsorted(extents[:, 0], offsets, side="right") - 1
    place = extents[number, 1] + np.minimum(offsets - extents[number, 0], lengths[number])
    return np.where(number >= 0, place, 0)
