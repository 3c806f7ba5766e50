"""Ours: a manifest read from its JSON, token files mapped, and the first batch of tokens, labels and positions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.growth.sparse import BATCH_SIZE, SEQUENCE_LENGTH, num_windows, token_file, write_sparse
from benchmarks.manifests import one_epoch
from training.manifest import MANIFEST, Manifest, write_manifest
from training.tokens.files import TokenFile
from training.tokens.windows import Sequences, WindowReader


def write_input(folder: Path, num_samples: int) -> None:
    windows = num_windows(num_samples)
    write_sparse(folder, windows)
    write_manifest(one_epoch(windows, SEQUENCE_LENGTH, BATCH_SIZE), folder)


def start(folder: Path) -> Callable[[int], Sequences]:
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    files = {source.name: TokenFile(token_file(folder, source.name), None) for source in manifest.sources}
    reader = WindowReader(manifest, files)
    return lambda first: reader.batch(np.arange(first, first + BATCH_SIZE))
