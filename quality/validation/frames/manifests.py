"""The frame of manifests: the shards that a recipe reads, and what they were made from."""

import pyarrow as pa

from pipelines.corpus import CONTAMINATION_ASSET
from pipelines.store import Artifact, Draft
from pipelines.tokenizer import TOKENIZER_ASSET


def shards_read(draft: Draft) -> pa.Table:
    """A row for each set of shards: the digests of its corpus and tokenizer, and those of the first set.

    Within one corpus no document is in two sets of shards, nor in one and held out; across corpora one may be.
    """
    shards = [parent for parent in draft.parents if parent.asset.startswith("shards/")]
    return pa.Table.from_pylist(
        [
            {
                "file": each.name,
                "corpus": made_from(each, CONTAMINATION_ASSET),
                "corpus_of_first": made_from(shards[0], CONTAMINATION_ASSET),
                "tokenizer": made_from(each, TOKENIZER_ASSET),
                "tokenizer_of_first": made_from(shards[0], TOKENIZER_ASSET),
            }
            for each in shards
        ]
    )


def made_from(shards: Artifact, asset: str) -> str:
    """The version and digest of a parent of shards, for people."""
    (parent,) = (parent for parent in shards.record.parents if parent.asset == asset)
    return f"{parent.asset}@{parent.version} {parent.digest[:12]}"
