"""MinHash signatures of texts, folded into band keys (Broder 1997; Indyk and Motwani 1998)."""

from typing import Any

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.shingles import fold_table, hash_shingles, scratch, text_buffers
from pipelines.hashing import mix

SEED = 0x5048_4153_454C_494E


def band_keys(texts: pa.LargeStringArray, parameters: DedupParameters) -> NDArray[np.uint64]:
    """The band keys of each text, uint64 [n, bands]: two texts are candidates where they share a key of a band."""
    data, starts = text_buffers(texts)
    flips, multipliers = hash_functions(parameters.bands * parameters.rows)
    keys = np.empty((len(texts), parameters.bands), np.uint64)
    words, shingles = scratch(starts), scratch(starts)
    fill_band_keys(data, starts, fold_table(), parameters.shingle_words, flips, multipliers, words, shingles, keys)
    return keys


def hash_functions(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Flips and odd multipliers, both uint32 [count], of the permutations x -> (x ^ flip) * multiplier mod 2**32."""
    bits = np.random.PCG64(SEED).random_raw(count)
    return (bits >> 32).astype(np.uint32), bits.astype(np.uint32) | np.uint32(1)


@numba.njit(cache=True, nogil=True)
def fill_band_keys(
    data: Any,
    starts: Any,
    fold: Any,
    shingle_words: int,
    flips: Any,
    multipliers: Any,
    words: Any,
    shingles: Any,
    keys: Any,
) -> None:
    """Fill ``keys`` [n, bands] from the minima of every hash function over each text's shingles."""
    num_texts, num_bands = keys.shape
    num_hashes = len(flips)
    num_rows = num_hashes // num_bands
    minima = np.empty(num_hashes, np.uint32)
    for text in range(num_texts):
        num_shingles = hash_shingles(data, starts[text], starts[text + 1], fold, shingle_words, words, shingles)
        minima[:] = np.uint32(0xFFFFFFFF)
        for i in range(num_shingles):
            shingle = np.uint32(shingles[i])
            for j in range(num_hashes):
                minima[j] = min(minima[j], np.uint32((shingle ^ flips[j]) * multipliers[j]))
        for band in range(num_bands):
            key = np.uint64(band)
            for row in range(num_rows):
                key = mix(key ^ np.uint64(minima[band * num_rows + row]))
            keys[text, band] = key
