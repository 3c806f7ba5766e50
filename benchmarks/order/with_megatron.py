"""Megatron: its blending, sample and shuffle indices built, and every sample looked up in them, whole chunks at a time.

It has no look-up of many samples; this one reads its arrays as it does. Token files are holes, and documents 1,024
sequences long.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.growth.sparse import token_file, write_sparse
from benchmarks.growth.with_megatron import document_lengths
from benchmarks.loader.megatron import blended_dataset, write_index
from benchmarks.order.samples import CHUNK, SAMPLES_PER_PART, Order, Places, describe, num_windows, run

__all__ = ["describe", "prepare", "run"]


def prepare(path: Path, num_parts: int) -> Order:
    folder = path / "megatron" / str(num_parts)
    folder.mkdir(parents=True, exist_ok=True)
    windows = num_windows(num_parts * SAMPLES_PER_PART)
    write_sparse(folder, windows)
    prefixes = [token_file(folder, source).with_suffix("") for source in windows]
    for prefix, number in zip(prefixes, windows.values(), strict=True):
        write_index(prefix, document_lengths(number))

    def places() -> Iterator[Places]:
        shutil.rmtree(folder / "cache", ignore_errors=True)
        dataset = blended_dataset(prefixes, list(windows.values()), by_document=False, cache=folder / "cache")
        for first in range(0, len(dataset), CHUNK):
            source = dataset.dataset_index[first : first + CHUNK]
            number = dataset.dataset_sample_index[first : first + CHUNK]
            window = np.empty_like(number)
            for index, of_source in enumerate(dataset.datasets):
                window[source == index] = of_source.shuffle_index[number[source == index]]
            yield Places(source, window)

    return places
