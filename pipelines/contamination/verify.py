"""The proof of a hit: the words of a document and of a reference compared one by one, as a datatrove pipeline step."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.contamination.candidates import is_enough
from pipelines.contamination.declaration import Matching
from pipelines.contamination.ngrams import ngram_hashes
from pipelines.contamination.parts import CHECKED, REFERENCES, Part
from pipelines.contamination.words import Words, words_of
from pipelines.selection import DocumentsFile, read_selected
from pipelines.whole_files import beside

EXCERPT_CHARACTERS = 300

HITS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # of the contaminated document
        pa.field("source", pa.string(), nullable=False),
        pa.field("benchmark", pa.string(), nullable=False),  # its name, or held_out
        pa.field("record", pa.string(), nullable=False),  # the record's locator, or the held-out document's id
        pa.field("part", pa.string(), nullable=False),  # text or answer
        pa.field("num_ngrams", pa.int64(), nullable=False),  # in common, distinct, no boilerplate
        pa.field("share", pa.float32(), nullable=False),  # of the record's distinct n-grams that are no boilerplate
        pa.field("excerpt", pa.string(), nullable=False),  # of the document: its longest stretch in common
    ]
)


class VerifyHits(PipelineStep):
    """Task ``rank`` compares the candidates among the documents of a group with their references.

    Args:
        parts: what is searched for.
        groups: the files of each task.
        selections: the folder of the documents to verify of each source, each with its ``candidates``.
        folder: where the hits go; see ``hits_file``.
    """

    type = "CONTAMINATION"
    name = "verify hits"

    def __init__(
        self,
        parts: Sequence[Part],
        groups: Sequence[Sequence[DocumentsFile]],
        selections: Path,
        folder: Path,
    ) -> None:
        super().__init__()
        self.parts = parts
        self.groups = groups
        self.selections = selections
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        parts = [References(part) for part in self.parts]
        hits: list[dict[str, Any]] = []
        for rows, texts in read_selected(self.groups[rank], self.selections):
            for row, text in zip(rows.to_pylist(), texts.to_pylist(), strict=True):
                words = words_of(text)
                for candidate in row["candidates"]:
                    hit = parts[candidate["part"]].compare(words, candidate["reference"], candidate["num_checked"])
                    if hit is not None:
                        hits.append({"id": row["id"], "source": row["source"], **hit})
        with beside(hits_file(self.folder, rank)) as path:
            pq.write_table(pa.Table.from_pylist(hits, schema=HITS_SCHEMA), path)
        return ()


def hits_file(folder: Path, group: int) -> Path:
    """Where a task's hits lie."""
    return folder / f"hits-{group:05d}.parquet"


class References:
    """The references of a part, with the n-grams of them that count; read when they are first asked for."""

    def __init__(self, part: Part) -> None:
        self._part = part

    @cached_property
    def _table(self) -> pa.Table:
        return pq.read_table(self._part.folder / REFERENCES)

    @cached_property
    def _checked(self) -> NDArray[np.uint64]:
        return np.load(self._part.folder / CHECKED, "r")

    def compare(self, document: Words, reference: int, num_checked: int) -> dict[str, Any] | None:
        """The hit, as columns of HITS_SCHEMA; None where too few n-grams are the same words, equal hashes or not."""
        row = {name: self._table[name][reference].as_py() for name in self._table.column_names}
        words = words_of(row.pop("text"))
        common = overlap(document, words, self._part.matching, self._checked)
        if not is_enough(np.array(common.num_ngrams), np.array(num_checked), self._part.matching):
            return None
        share = common.num_ngrams / num_checked
        return {**row, "num_ngrams": common.num_ngrams, "share": share, "excerpt": common.excerpt}


class Overlap(NamedTuple):
    """What a document and a reference have in common."""

    num_ngrams: int
    excerpt: str  # of the document: its longest stretch of n-grams in common


def overlap(document: Words, reference: Words, matching: Matching, checked: NDArray[np.uint64]) -> Overlap:
    """Count the distinct n-grams of a reference that a document has, word by word.

    Args:
        checked: the hashes of the n-grams that count, ascending.
    """
    width = matching.width(len(reference))
    hashes, wanted = ngram_hashes(document.text, width), ngram_hashes(reference.text, width)
    wanted, first = np.unique(wanted, return_index=True)
    slots = np.minimum(np.searchsorted(checked, wanted), len(checked) - 1)
    place_of = dict(zip(wanted.tolist(), first.tolist(), strict=True))
    common = wanted[checked[slots] == wanted]
    places = [
        place
        for place in np.flatnonzero(np.isin(hashes, common)).tolist()
        if document.ngram(place, width) == reference.ngram(place_of[int(hashes[place])], width)
    ]
    if not places:
        return Overlap(0, "")
    start, end = longest_run(np.array(places))
    excerpt = document.text[document.starts[start] : document.ends[end + width - 1]]
    return Overlap(len(set(hashes[places].tolist())), excerpt[:EXCERPT_CHARACTERS])


def longest_run(places: NDArray[np.int64]) -> tuple[int, int]:
    """The first and last of the longest run of neighbours in ascending places; of equal runs the first."""
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(places) - 1)
    longest = int(np.argmax(lasts - firsts))
    return int(places[firsts[longest]]), int(places[lasts[longest]])
