"""Some documents of each quadrant, so that a person can read what the numbers mean."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.digests import keyed_hash
from pipelines.shards import Shards, open_shards
from pipelines.store import Artifact
from quality.perplexity.assigned import Assigned
from quality.perplexity.quantiles import QUADRANT_NAMES

EXAMPLES = "examples.parquet"
EXAMPLES_PER_QUADRANT = 10
EXAMPLES_KEY = "quadrant_examples"
EXCERPT_CHARACTERS = 200

SCHEMA = pa.schema(
    [
        pa.field("quadrant", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("shards", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("num_tokens", pa.int64(), nullable=False),
        pa.field("perplexity", pa.float64(), nullable=False),
        pa.field("pd", pa.float64(), nullable=False),
        pa.field("excerpt", pa.string(), nullable=False),  # the first 200 characters
    ]
)


def examples(assigned: Assigned, shards: Mapping[str, Artifact], tokenizer: Path) -> pa.Table:
    """Up to EXAMPLES_PER_QUADRANT documents of each quadrant, those with the smallest keyed hashes.

    Args:
        tokenizer: the file that decodes the shards' tokens.
    """
    from tokenizers import Tokenizer

    decoder = Tokenizer.from_file(str(tokenizer))
    opened = {name: open_shards(artifact) for name, artifact in shards.items()}
    first_rows = first_row_of_each(assigned.column("shards"))
    found = []
    for index, quadrant in enumerate(QUADRANT_NAMES):
        members = np.flatnonzero(assigned.quadrants == index)
        hashes = np.array([keyed_hash(document, EXAMPLES_KEY) for document in assigned.ids[members]], np.uint64)
        for row in members[np.argsort(hashes)[:EXAMPLES_PER_QUADRANT]].tolist():
            values = assigned.rows.slice(row, 1).to_pylist()[0]
            of_document = opened[values["shards"]]
            excerpt = decoder.decode(
                first_tokens(of_document, row - first_rows[values["shards"]]), skip_special_tokens=False
            )
            scores = {"perplexity": float(np.exp(assigned.nll[row])), "pd": float(assigned.pd[row])}
            found.append(values | scores | {"quadrant": quadrant, "excerpt": excerpt[:EXCERPT_CHARACTERS]})
    return pa.Table.from_pylist(found, schema=SCHEMA)


def first_row_of_each(names: np.ndarray) -> dict[str, int]:
    """The first row of each name, where equal names are neighbours."""
    found, rows = np.unique(names, return_index=True)
    return dict(zip(found.tolist(), rows.tolist(), strict=True))


def first_tokens(shards: Shards, row: int) -> list[int]:
    """As many of a document's first tokens as an excerpt can need, without its end-of-text token."""
    offset, length = shards.index["offset"][row].as_py(), shards.index["length"][row].as_py()
    return shards.tokens[offset : offset + min(length - 1, EXCERPT_CHARACTERS)].tolist()
