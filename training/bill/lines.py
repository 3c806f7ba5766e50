"""The lines of a bill: what stretches of steps took, as finely as it is told apart."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol

import pyarrow.parquet as pq

from pipelines.digests import value_digest
from pipelines.record import Entry, Parent, Record
from pipelines.store import Store
from training.bill.documents import Reading, count_documents
from training.bill.taken import taken_in
from training.manifest import Manifest
from training.sampling.first_difference import identity
from training.tokens.files import extents_file
from training.tokens.index import find_index


class StretchOfSteps(Protocol):
    """The steps [first_step, end_step) of a manifest; ``name`` is recipe@version, ``folder`` its artifact's."""

    @property
    def name(self) -> str: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def folder(self) -> Path: ...
    @property
    def first_step(self) -> int: ...
    @property
    def end_step(self) -> int: ...


class PhaseTokens(Entry):
    """Tokens that the steps of a phase took; ``lr_weighted_tokens`` counts each times the learning rate of its step."""

    tokens: int
    lr_weighted_tokens: float


class Line(Entry):
    """What a stretch took, by a name in blends, of the documents of one declared source under one licence.

    Args:
        name: in blends; ``stream`` tells apart streams of tokens of one name.
        shards: that hold the documents, as ``asset@version``, with their domain and quality bucket.
        tokens_per_pass: of these documents in one pass over the stream.
        phases: what the steps of each phase took; where phases fade, also samples of its neighbours.
    """

    name: str
    stream: str
    shards: str
    domain: str
    bucket: str | None
    source: str
    licence: str
    tokens_per_pass: int
    phases: dict[str, PhaseTokens]

    @property
    def tokens(self) -> int:
        return sum(phase.tokens for phase in self.phases.values())

    @property
    def lr_weighted_tokens(self) -> float:
        return sum(phase.lr_weighted_tokens for phase in self.phases.values())


def lines_of(store: Store, stretches: Sequence[StretchOfSteps]) -> list[list[Line]]:
    """The lines of each stretch: by the manifest's names of which it took anything, then by source and licence.

    The index of shards is read once, whichever stretches and names read them.

    Raises:
        IndexError: a stretch goes beyond its manifest's steps.
        PhaselineError: shards are missing, or were made anew.
    """
    readings = [list(readings_of(stretch)) for stretch in stretches]
    by_shards: dict[Parent, list[Reading]] = {}
    for reading in chain.from_iterable(readings):
        by_shards.setdefault(reading.source.shards, []).append(reading)
    records = {}
    for shards, members in by_shards.items():
        records[shards], path = find_index(store, members[0].source, os.environ)
        with pq.ParquetFile(path) as index:
            count_documents(index, members)
    return [
        [line for reading in members for line in lines(reading, records[reading.source.shards])] for members in readings
    ]


def readings_of(stretch: StretchOfSteps) -> Iterator[Reading]:
    """The sources of which a stretch took anything, not counted yet."""
    taken = list(taken_in(stretch.manifest, stretch.first_step, stretch.end_step))
    for number, source in enumerate(stretch.manifest.sources):
        if any(each.tokens[number] for each in taken):
            yield Reading(stretch.manifest, number, extents_file(source, stretch.folder), taken)


def lines(reading: Reading, shards: Record) -> Iterator[Line]:
    """The lines of one source of a stretch, once it is counted."""
    for number, group in enumerate(reading.groups):
        yield Line(
            name=reading.source.name,
            stream=value_digest(identity(reading.source))[:16],
            shards=f"{shards.asset}@{shards.version}",
            domain=shards.facts["domain"],
            bucket=shards.facts["bucket"],
            source=group.source,
            licence=group.licence,
            tokens_per_pass=int(reading.tokens_per_pass[number]),
            phases={
                taken.phase.name: PhaseTokens(tokens=tokens, lr_weighted_tokens=weighted)
                for taken, tokens, weighted in zip(
                    reading.taken,
                    reading.tokens[:, number].tolist(),
                    reading.lr_weighted_tokens[:, number].tolist(),
                    strict=True,
                )
                if tokens
            },
        )
