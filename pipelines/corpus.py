"""The corpus after dedup and decontamination: each surviving document once, joined to its text by id."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.documents import documents_table
from pipelines.store import Artifact

DEDUP = "corpus/dedup"  # the asset
SURVIVORS = "survivors.parquet"
REMOVALS = "removals.parquet"
CONTAMINATION_ASSET = "corpus/contamination"
CONTAMINATION = "contamination.parquet"  # of the documents that were dropped for what they contain
BUCKETS = "buckets.parquet"  # of a domain: the bucket of each survivor, or the reason why it has none
QUADRANTS_ASSET = "quality/quadrants"
QUADRANTS = "quadrants.parquet"  # of scored documents: id, shards, quadrant, reason

TRAIN = "train"
HELD_OUT = "held_out"


def survivors(corpus: Artifact, *, domain: str | None = None, split: str | None = None) -> pa.Table:
    """The rows of an artifact's survivors.parquet of one domain and split (all where None), sorted by id."""
    table = pq.read_table(corpus.folder / SURVIVORS)
    for column, wanted in (("domain", domain), ("split", split)):
        if wanted is not None:
            table = table.filter(pc.equal(table[column], wanted))
    return table


def survivors_within_rules(corpus: Artifact, *, domain: str | None = None, split: str | None = None) -> pa.Table:
    """The survivors that break no rule, as ``survivors`` gives them: what may be learnt from.

    The others are there because a bucket may excuse them; whether it does is not known before they are scored.
    """
    rows = survivors(corpus, domain=domain, split=split)
    return rows.filter(pc.is_null(rows["broken_rule"]))


def documents_of(rows: pa.Table, documents: Sequence[Artifact], columns: Sequence[str]) -> pa.Table:
    """The documents that ``rows`` names by id and source, in the order of ``rows``.

    Args:
        rows: a table with columns id and source, each id once.
        documents: artifacts of documents; those of sources that no row names are skipped.
        columns: columns of the documents' schema; ``id`` is added in front.

    Raises:
        ValueError: a row without a document: the artifacts are not those that the rows were made from.
    """
    sources = set(pc.unique(rows["source"]).to_pylist())
    needed = [artifact for artifact in documents if artifact.record.parameters["source"] in sources]
    found = documents_table(needed, list(dict.fromkeys(["id", "source", *columns])))
    keys = _keys(found)
    first = np.unique(keys, return_index=True)[1]
    position = {key: int(row) for key, row in zip(keys[first].tolist(), first.tolist(), strict=True)}
    missing = [key for key in _keys(rows).tolist() if key not in position]
    if missing:
        raise ValueError(f"{len(missing)} documents are not in {[artifact.name for artifact in needed]}")
    taken = found.take(pa.array([position[key] for key in _keys(rows).tolist()], type=pa.int64()))
    return taken.select(list(dict.fromkeys(["id", *columns])))


def _keys(table: pa.Table) -> np.ndarray:
    joined = pc.binary_join_element_wise(table["source"].cast(pa.string()), table["id"].cast(pa.string()), "/")
    return np.array(joined.to_pylist(), dtype=object)
