"""From sample numbers to tokens: the windows of a manifest's samples, and what document masking needs of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.record import Parent
from pipelines.shards import open_tokens
from pipelines.store import Store
from training.manifest import Manifest, ShardsReference
from training.order import Order

Int64s = npt.NDArray[np.int64]


def token_files(store: Store, manifest: Manifest) -> dict[str, Path]:
    """The token file of each source by name; raises PhaselineError for shards that are missing or made anew."""
    files = {}
    for source in manifest.sources:
        shards = store.find(Parent(asset=source.asset, version=source.version, digest=source.digest))
        files[source.name] = shards.folder / source.tokens_file.path
    return files


def verify_token_files(manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Raise PhaselineError naming the first token file whose size or SHA-256 is not the manifest's."""
    for source in manifest.sources:
        path = files[source.name]
        recorded = source.tokens_file
        if not path.is_file():
            raise altered(path, source, "is missing")
        if path.stat().st_size != recorded.num_bytes:
            raise altered(path, source, f"holds {path.stat().st_size:,} bytes instead of {recorded.num_bytes:,}")
        if file_digest(path) != recorded.sha256:
            raise altered(path, source, "has changed since the manifest was compiled")


def altered(path: Path, source: ShardsReference, how: str) -> PhaselineError:
    """The message for a token file that is not what the manifest was compiled against."""
    return PhaselineError(
        f"{path} {how}", f"restore it from a copy, or remove {path.parent} and materialise {source.asset} again"
    )


class WindowReader:
    """Reads the windows of a manifest's samples."""

    def __init__(self, manifest: Manifest, files: Mapping[str, Path]) -> None:
        self.manifest = manifest
        self.order = Order(manifest)
        vocab_size = manifest.tokenizer.vocab_size
        self._tokens = [open_tokens(files[source.name], vocab_size) for source in manifest.sources]

    def batch(self, samples: npt.ArrayLike) -> Int64s:
        """The tokens of samples: each window and the token after it.

        Args:
            samples: global sample numbers, shape (n,).

        Returns:
            token ids, shape (n, sequence_length + 1), int64.

        Raises:
            IndexError: a sample outside of the run.
        """
        length = self.manifest.sequence_length
        windows = self.order.windows(samples)
        places = windows.window[:, np.newaxis] * length + np.arange(length + 1)
        batch = np.empty(places.shape, dtype=np.int64)
        for source, tokens in enumerate(self._tokens):
            here = windows.source == source
            batch[here] = tokens[places[here]]
        return batch


class Sequences(NamedTuple):
    """What a model is given, three arrays of shape (n, sequence_length), int64.

    ``positions`` count from 0 in each document: attention and rotary embeddings start anew where they restart.
    """

    inputs: Int64s
    labels: Int64s
    positions: Int64s


def sequences(batch: Int64s, end_of_text: int) -> Sequences:
    """Split windows of shape (n, sequence_length + 1) into inputs, labels and positions within documents."""
    inputs, labels = batch[:, :-1], batch[:, 1:]
    places = np.broadcast_to(np.arange(inputs.shape[1]), inputs.shape)
    starts = np.zeros_like(inputs)
    starts[:, 1:] = np.where(inputs[:, :-1] == end_of_text, places[:, 1:], 0)
    return Sequences(inputs, labels, places - np.maximum.accumulate(starts, axis=1))
