"""Ours: band keys, candidates, and every pair verified."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.dedup.texts import read_texts as prepare
from pipelines.dedup.candidates import Buckets, group_by_key, number_buckets
from pipelines.dedup.minhash import band_keys
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.survivors import KEPT, choose_survivors
from pipelines.dedup.verify import shingle_sets

__all__ = ["prepare", "run"]


def run(texts: pa.LargeStringArray) -> list[int]:
    parameters = DedupParameters()
    buckets = shared_buckets(band_keys(texts, parameters))
    sets = shingle_sets(texts.filter(pa.array(buckets.shared)), parameters.shingle_words)
    set_of_document = np.cumsum(buckets.shared, dtype=np.int32) - 1
    outcome = choose_survivors(buckets, sets, set_of_document, parameters.threshold)
    return np.flatnonzero(outcome.step != KEPT).tolist()


def shared_buckets(keys: NDArray[np.uint64]) -> Buckets:
    """Group documents by band keys, uint64 [n, bands], band after band: in one process, where dedup takes tasks."""
    documents = np.arange(len(keys), dtype=np.int32)
    groups = ((band, group_by_key(keys[:, band], documents)) for band in range(keys.shape[1]))
    return number_buckets(groups, np.empty(keys.shape, np.int32))
