"""Shards that are known by the index of their documents alone, and manifests that read them in every way."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from manifests import manifests

from pipelines.shards import INDEX, INDEX_SCHEMA
from pipelines.store import Artifact, Draft, Store
from training.compiler.extents import describe_extents, write_extents
from training.compiler.leaves import extents
from training.manifest import Manifest
from training.runs.chain import Stretch

Int64s = npt.NDArray[np.int64]

NUM_TOKENS = 60_000  # of each shards: more than any source of ``manifests`` holds, and the gaps of a selection
ROWS_PER_GROUP = 97
GROUPS = (("s", "A"), ("s", "B"), ("t", "A"), ("u", "C"))  # source and licence


def make_index(store: Store, name: str, bucket: str | None, groups: Sequence[tuple[str, str]], seed: int) -> Artifact:
    """Shards of documents of 1 to 200 tokens, each of one of the groups; without their tokens."""

    def make(draft: Draft) -> None:
        random = np.random.default_rng(seed)
        lengths = random.integers(1, 200, 1000)
        lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), NUM_TOKENS)) + 1]
        chosen = random.integers(0, len(groups), len(lengths))
        columns = {
            "id": [f"{seed:016x}{number:016x}" for number in range(len(lengths))],
            "offset": np.cumsum(lengths) - lengths,
            "length": lengths,
            "num_bytes": lengths,
            "source": [groups[number][0] for number in chosen],
            "licence": [groups[number][1] for number in chosen],
            "language": ["en"] * len(lengths),
        }
        index = pa.table(columns, schema=INDEX_SCHEMA)
        pq.write_table(index, draft.folder / INDEX, row_group_size=ROWS_PER_GROUP)
        draft.facts |= {"domain": name.partition("_")[0], "bucket": bucket}

    return store.ensure(f"shards/{name}", make, code_version="1", parameters={"seed": seed}).artifact


def make_indexes(store: Store) -> list[Artifact]:
    """Two buckets of a domain, a domain without buckets, and one whose documents have one source and licence."""
    return [
        make_index(store, "web_high", "high", GROUPS, 1),
        make_index(store, "web_low", "low", GROUPS[:3], 2),
        make_index(store, "code", None, GROUPS[2:], 3),
        make_index(store, "wiki", None, GROUPS[3:], 4),
    ]


def owners(shards: Artifact) -> npt.NDArray[np.object_]:
    """The source and licence of each token of a token file, as a pair."""
    index = pq.read_table(shards.folder / INDEX)
    pairs = np.empty(len(index), dtype=object)
    pairs[:] = list(zip(index["source"].to_pylist(), index["licence"].to_pylist(), strict=True))
    return np.repeat(pairs, index["length"].to_numpy())


@dataclass(frozen=True)
class Chained:
    """A stretch of steps, and whose each token of the stream of each of its sources is."""

    stretch: Stretch
    owners: list[npt.NDArray[np.object_]]


@st.composite
def chained(draw: st.DrawFn, shards: Sequence[Artifact], folder: Path) -> Chained:
    """Some steps of a manifest whose sources are shards from some token on, or selections of their documents."""
    made: Manifest = draw(manifests())
    sources, streams, selected = [], [], {}
    for source in made.sources:
        artifact = draw(st.sampled_from(shards))
        update: dict[str, Any] = {"asset": artifact.asset, "version": 1, "digest": artifact.digest}
        whole = owners(artifact)
        if draw(st.booleans()):
            stretches, chosen = selection(artifact, source.num_tokens, draw(st.integers(0, 9)))
            update["extents"] = describe_extents(source.name, stretches)
            selected[source.name] = stretches
            streams.append(whole[chosen])
        else:
            update["first_token"] = draw(st.integers(0, len(whole) - source.num_tokens))
            streams.append(whole[update["first_token"] :])
        sources.append(source.model_copy(update=update))
    made = made.model_copy(update={"sources": sources})
    folder = folder / made.digest
    folder.mkdir(exist_ok=True)
    write_extents(folder, selected)
    first = draw(st.integers(0, made.total_steps))
    return Chained(Stretch("tried@1", made, folder, first, draw(st.integers(first, made.total_steps))), streams)


def selection(shards: Artifact, num_tokens: int, seed: int) -> tuple[Int64s, npt.NDArray[np.bool_]]:
    """The extents of a stream of nine in ten documents, and for each token of the token file whether it is in it."""
    index = pq.read_table(shards.folder / INDEX)
    offsets, lengths = index["offset"].to_numpy(), index["length"].to_numpy()
    chosen = np.random.default_rng(seed).random(len(offsets)) < 0.9
    stretches = extents(offsets[chosen], lengths[chosen])
    return stretches[stretches[:, 1] < num_tokens], np.repeat(chosen, lengths)
