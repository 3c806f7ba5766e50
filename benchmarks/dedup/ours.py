"""Ours: band keys, candidates, and every pair verified."""

import numpy as np
import pyarrow as pa

from benchmarks.dedup.texts import read_texts as prepare
from pipelines.dedup.candidates import shared_buckets
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
