"""The frames that expectations run on: counts over an artifact, a row for each of its files, or a seeded sample.

A frame is a function from a draft to a table, found by its name in the module that has it, which is imported where it
is needed. Three columns speak to people: ``file`` says what a row is of, ``id`` which document, and a column of lists
named like a count, as ``wrong_ids`` is like ``num_wrong_ids``, names the first of what was counted.
"""

import importlib
from collections.abc import Mapping

import pyarrow as pa

from pipelines.store import Draft

CODE_VERSION = "3"

FRAMES: Mapping[str, str] = {
    "parquet_files": "quality.validation.frames.schemas",
    "document_files": "quality.validation.frames.documents",
    "document_statistics": "quality.validation.frames.documents",
    "document_sample": "quality.validation.frames.document_sample",
    "dedup_statistics": "quality.validation.frames.corpus",
    "contamination_statistics": "quality.validation.frames.corpus",
    "score_statistics": "quality.scoring.statistics",
    "threshold_statistics": "quality.bucketing.statistics",
    "bucket_statistics": "quality.bucketing.statistics",
    "shard_row_groups": "quality.validation.frames.shards",
    "shard_statistics": "quality.validation.frames.shards",
    "shard_sample": "quality.validation.frames.shard_sample",
    "token_blocks": "quality.validation.frames.shard_sample",
    "shards_read": "quality.validation.frames.manifests",
    "perplexity_statistics": "quality.validation.frames.perplexity",
    "quadrant_statistics": "quality.validation.frames.perplexity",
    "facts": "quality.validation.frames.facts",
}


def frame_of(name: str, draft: Draft) -> pa.Table:
    """A frame of a draft by its name."""
    made: pa.Table = getattr(importlib.import_module(FRAMES[name]), name)(draft)
    return made
