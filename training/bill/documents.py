"""What was taken of the documents of each source and licence, counted along the index of their shards.

A source's windows come in the order of a keyed permutation, which is inverted: each window is asked for its turn while
the index is read from front to back, a row group at a time, so that memory does not grow with the corpus. Time grows
with the windows of a source, once for each pass over it that a phase began or went on with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training.bill.taken import Float64s, Int64s, Taken
from training.manifest import Manifest, SourceReference
from training.sampling.order import window_key
from training.sampling.permutation import unpermute
from training.tokens.files import open_extents
from training.tokens.streams import stream_places

WINDOWS_AT_A_TIME = 1 << 16  # so that all arrays of a computation stay in the processor's cache


class Group(NamedTuple):
    """Documents of one declared source under one licence."""

    source: str
    licence: str


@dataclass
class Reading:
    """A source of a manifest and what some steps took of it, phase by phase.

    Args:
        number: of the source in the manifest.
        extents: the file of its extents, if it is a selection.
        groups, tokens, lr_weighted_tokens, tokens_per_pass: once they are counted, the groups of its documents; what
            was taken of each in each phase, shape (num_phases, num_groups); what a pass holds, shape (num_groups,).
    """

    manifest: Manifest
    number: int
    extents: Path | None
    taken: Sequence[Taken]
    groups: Sequence[Group] = ()
    tokens: Int64s = field(init=False)
    lr_weighted_tokens: Float64s = field(init=False)
    tokens_per_pass: Int64s = field(init=False)

    @property
    def source(self) -> SourceReference:
        return self.manifest.sources[self.number]

    def begin(self, groups: Sequence[Group]) -> None:
        """Make room for the counts of some groups, which are 0."""
        self.groups = groups
        self.tokens = np.zeros((len(self.taken), len(groups)), dtype=np.int64)
        self.lr_weighted_tokens = np.zeros((len(self.taken), len(groups)))
        self.tokens_per_pass = np.zeros(len(groups), dtype=np.int64)

    def take_all(self, group: Group) -> None:
        """Count everything as taken of one group."""
        self.begin([group])
        self.tokens[:, 0] = [taken.tokens[self.number] for taken in self.taken]
        self.lr_weighted_tokens[:, 0] = [taken.lr_weighted_tokens[self.number] for taken in self.taken]
        self.tokens_per_pass[0] = self.manifest.tokens_per_pass(self.source)


class Documents(NamedTuple):
    """Documents that follow each other in a token file: where each begins and the last ends, and whose they are."""

    offsets: Int64s  # shape (num_documents + 1,)
    groups: Int64s  # shape (num_documents,)


def sole_group(index: pq.ParquetFile) -> Group | None:
    """The group that all documents of shards belong to, by their index's statistics alone; None where several do."""
    columns = [index.schema_arrow.get_field_index(name) for name in Group._fields]
    found = set()
    for number in range(index.num_row_groups):
        statistics = [index.metadata.row_group(number).column(column).statistics for column in columns]
        if any(known is None or not known.has_min_max for known in statistics):
            return None
        found |= {Group(*(known.min for known in statistics)), Group(*(known.max for known in statistics))}
    return found.pop() if len(found) == 1 else None


def groups_of(index: pq.ParquetFile) -> list[Group]:
    """The groups of the documents of shards, in order."""
    columns = list(Group._fields)
    found = {
        Group(*row.values())
        for number in range(index.num_row_groups)
        for row in index.read_row_group(number, columns=columns).group_by(columns).aggregate([]).to_pylist()
    }
    return sorted(found)


def count_documents(index: pq.ParquetFile, readings: Sequence[Reading]) -> None:
    """Count what was taken of the documents of shards, in all the sources that read them.

    Where the index's statistics say that all documents are of one group, no document is looked at.
    """
    sole = sole_group(index)
    if sole is not None:
        for reading in readings:
            reading.take_all(sole)
        return
    groups = groups_of(index)
    for reading in readings:
        reading.begin(groups)
    for documents in documents_of(index, groups):
        for reading in readings:
            add_documents(reading, documents)


def documents_of(index: pq.ParquetFile, groups: Sequence[Group]) -> Iterator[Documents]:
    """The documents of shards, a row group at a time."""
    numbers = {group: number for number, group in enumerate(groups)}
    for number in range(index.num_row_groups):
        table = index.read_row_group(number, columns=["offset", "length", *Group._fields])
        source, licence = (encoded(table[name]) for name in Group._fields)
        pairs = [
            numbers.get(Group(first, second), -1)
            for first in source.dictionary.to_pylist()
            for second in licence.dictionary.to_pylist()
        ]
        places = source.indices.to_numpy().astype(np.int64) * len(licence.dictionary) + licence.indices.to_numpy()
        offsets, lengths = table["offset"].to_numpy(), table["length"].to_numpy()
        yield Documents(np.append(offsets, offsets[-1:] + lengths[-1:]), np.array(pairs, dtype=np.int64)[places])


def encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    return column.combine_chunks().dictionary_encode()


def add_documents(reading: Reading, documents: Documents) -> None:
    """Add to a reading's counts what its phases took of some documents."""
    source, length = reading.source, reading.manifest.window_length
    extents = open_extents(source, reading.extents)
    bounds = np.minimum(stream_places(extents, source.num_tokens, documents.offsets), source.num_windows * length)
    np.add.at(reading.tokens_per_pass, documents.groups, np.diff(bounds))
    windows = range(int(bounds[0]) // length, -(-int(bounds[-1]) // length))
    for phase, taken in enumerate(reading.taken):
        for passed in passes(reading, taken):
            for first in range(windows.start, windows.stop, WINDOWS_AT_A_TIME):
                block = np.arange(first, min(first + WINDOWS_AT_A_TIME, windows.stop))
                key = window_key(reading.manifest.seed, source.name, passed.epoch)
                turns = unpermute(block, source.num_windows, key)
                add_windows(
                    first,
                    turns,
                    length,
                    taken.phase.sequence_length,
                    passed.first_token,
                    passed.end_token,
                    passed.sequences_before,
                    np.ascontiguousarray(taken.edges[:, reading.number]),
                    taken.rates,
                    bounds,
                    documents.groups,
                    reading.tokens[phase],
                    reading.lr_weighted_tokens[phase],
                )


class PartOfPass(NamedTuple):
    """The tokens [first_token, end_token) of a pass, in the order of its turns, after some sequences of the phase."""

    epoch: int
    first_token: int
    end_token: int
    sequences_before: int


def passes(reading: Reading, taken: Taken) -> Iterator[PartOfPass]:
    """What a phase took of a source, cut into the passes over it."""
    in_pass = reading.manifest.tokens_per_pass(reading.source)
    first = int(taken.cursors[reading.number])
    end = first + int(taken.tokens[reading.number])
    begin = first
    while begin < end:
        epoch, first_token = divmod(begin, in_pass)
        end_token = min(end - epoch * in_pass, in_pass)
        yield PartOfPass(epoch, first_token, end_token, (begin - first) // taken.phase.sequence_length)
        begin = epoch * in_pass + end_token


@numba.njit(cache=True, nogil=True)
def add_windows(
    first_window: int,
    turns: Any,
    window_length: int,
    sequence_length: int,
    first_token: int,
    end_token: int,
    sequences_before: int,
    edges: Any,
    rates: Any,
    bounds: Any,
    groups: Any,
    tokens: Any,
    lr_weighted_tokens: Any,
) -> None:
    """Add what a part of a pass took of the documents in the windows from ``first_window`` on.

    Args:
        turns: when each window has its turn in the pass, shape (num_windows,).
        first_token, end_token, sequences_before: as in PartOfPass.
        edges, rates: the sequences taken of the source before each stretch of the phase, and the stretch's rate.
        bounds: where each document begins in the stream, and where the last ends, shape (num_documents + 1,).
        groups: of the documents, shape (num_documents,).
        tokens, lr_weighted_tokens: by group, added to; shape (num_groups,).
    """
    document: Any = np.searchsorted(bounds, max(first_window * window_length, bounds[0]), side="right") - 1
    for place in range(len(turns)):
        for part in range(0, window_length, sequence_length):
            token = turns[place] * window_length + part
            start: Any = max((first_window + place) * window_length + part, bounds[0])
            end: Any = min((first_window + place) * window_length + part + sequence_length, bounds[-1])
            if not first_token <= token < end_token or start >= end:
                continue
            number = sequences_before + (token - first_token) // sequence_length
            rate = rates[np.searchsorted(edges, number, side="right") - 1]
            while bounds[document + 1] <= start:
                document += 1
            while start < end:
                part_end = min(bounds[document + 1], end)
                tokens[groups[document]] += part_end - start
                lr_weighted_tokens[groups[document]] += (part_end - start) * rate
                start = part_end
                document += start < end
