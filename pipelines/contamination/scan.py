"""The scan: which documents hold which n-grams of the references, as a datatrove pipeline step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow as pa
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray
from typing_extensions import override

from pipelines.contamination.hash_tables import find
from pipelines.contamination.index import NgramIndex, open_index
from pipelines.contamination.ngrams import hash_ngrams
from pipelines.contamination.parts import Part
from pipelines.dedup.shingles import fold_table, hash_words, scratch, text_buffers
from pipelines.selection import DocumentsFile, read_selected
from pipelines.whole_files import beside

MATCHES_AT_ONCE = 1 << 20


class FindNgrams(PipelineStep):
    """Task ``part * len(groups) + group`` writes the n-grams of a part that the selected documents of a group have.

    Args:
        parts: what is searched for.
        groups: the files that are searched.
        selections: the folder of what is wanted of each source, with the ``number`` of each document.
        folder: where the matches go; see ``matches_file``.
    """

    type = "CONTAMINATION"
    name = "find n-grams"

    def __init__(
        self, parts: Sequence[Part], groups: Sequence[Sequence[DocumentsFile]], selections: Path, folder: Path
    ) -> None:
        super().__init__()
        self.parts = parts
        self.groups = groups
        self.selections = selections
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        part, group = divmod(rank, len(self.groups))
        scanner = Scanner(open_index(self.parts[part].folder), self.parts[part].matching.max_documents)
        matches = [np.empty((2, 0), np.int64)]
        for rows, texts in read_selected(self.groups[group], self.selections):
            matches += scanner.matches(texts, rows["number"].to_numpy())
        with beside(matches_file(self.folder, part, group)) as path, path.open("wb") as file:
            np.save(file, np.concatenate(matches, axis=1))
        return ()


def matches_file(folder: Path, part: int, group: int) -> Path:
    """Where a task's matches lie: int64 [2, n], the n-grams by position in the index and the documents by number.

    Each pair stands there once. Of an n-gram in more than ``max_documents`` documents of the task at least one more
    than that are named, so that the sum over all tasks tells which n-grams are in more.
    """
    return folder / f"matches-{part:05d}-{group:05d}.npy"


class Scanner:
    """Finds an index's n-grams in texts.

    Args:
        max_documents: an n-gram in more documents than that need not be found in all of them.
    """

    def __init__(self, index: NgramIndex, max_documents: int) -> None:
        self._tables = index.tables
        self._max_documents = max_documents
        self._num_documents = np.zeros(len(index.hashes), np.int64)
        self._last_document = np.full(len(index.hashes), -1, np.int64)

    def matches(self, texts: pa.LargeStringArray, numbers: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The pairs of n-grams and documents in some texts.

        Args:
            numbers: of the documents, int64 [n]; none is scanned twice.
        """
        data, starts = text_buffers(texts)
        words = scratch(starts)
        ngrams = np.empty_like(words)
        tables = self._tables
        found = np.empty((2, max(MATCHES_AT_ONCE, len(words) * len(tables.widths))), np.int64)
        matches = []
        text = 0
        while text < len(texts):
            text, num_found = find_ngrams(
                data,
                starts,
                fold_table(),
                numbers,
                text,
                tables.widths,
                tables.bits,
                tables.bit_starts,
                tables.slots,
                tables.positions,
                tables.slot_starts,
                self._max_documents,
                self._num_documents,
                self._last_document,
                words,
                ngrams,
                found,
            )
            matches.append(found[:, :num_found].copy())
        return matches


@numba.njit(cache=True, nogil=True)
def find_ngrams(
    data: Any,
    starts: Any,
    fold: Any,
    numbers: Any,
    first: int,
    widths: Any,
    bits: Any,
    bit_starts: Any,
    slots: Any,
    positions: Any,
    slot_starts: Any,
    max_documents: int,
    num_documents: Any,
    last_document: Any,
    words: Any,
    ngrams: Any,
    found: Any,
) -> tuple[int, int]:
    """Write matches of the texts from ``first`` on to ``found`` [2, n] until it might not hold those of one more.

    Returns:
        The text to go on with, and the number of matches.
    """
    num_found = 0
    for text in range(first, len(numbers)):
        num_words = hash_words(data, starts[text], starts[text + 1], fold, words)
        if num_found + num_words * len(widths) > found.shape[1]:
            return text, num_found
        for i in range(len(widths)):
            bits_of_width = bits[bit_starts[i] : bit_starts[i + 1]]
            slots_of_width = slots[slot_starts[i] : slot_starts[i + 1]]
            positions_of_width = positions[slot_starts[i] : slot_starts[i + 1]]
            for ngram in ngrams[: hash_ngrams(words, num_words, widths[i], ngrams)]:
                position = find(bits_of_width, slots_of_width, positions_of_width, ngram)
                if position < 0 or last_document[position] == numbers[text]:
                    continue
                last_document[position] = numbers[text]
                num_documents[position] += 1
                if num_documents[position] <= max_documents + 1:
                    found[0, num_found] = position
                    found[1, num_found] = numbers[text]
                    num_found += 1
    return len(numbers), num_found
