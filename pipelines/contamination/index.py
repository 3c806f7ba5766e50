"""The n-grams of references, found by their hashes; written once, then mapped by every task."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.contamination.declaration import Matching
from pipelines.contamination.hash_tables import HashTables, build_tables
from pipelines.contamination.ngrams import ngram_hashes
from pipelines.contamination.words import Words, words_of


@dataclass(frozen=True)
class NgramIndex:
    """The n distinct n-grams of some references, without the boilerplate of their set.

    Args:
        hashes: uint64 [n], ascending.
        starts: int64 [n + 1]: n-gram i is in ``references[starts[i]:starts[i + 1]]``.
        references: int64: the rows of the references that have it, ascending.
        num_ngrams: int64 [num_references]: the distinct n-grams of each reference, boilerplate included.
        tables: where each n-gram stands in ``hashes``.
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    references: NDArray[np.int64]
    num_ngrams: NDArray[np.int64]
    tables: HashTables

    def write(self, folder: Path) -> None:
        """Write each array to a file of its own."""
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        for field in fields(HashTables):
            np.save(folder / f"{field.name}.npy", getattr(self.tables, field.name))


ARRAYS = ("hashes", "starts", "references", "num_ngrams")


def open_index(folder: Path) -> NgramIndex:
    """The index in a folder, mapped into memory."""

    def mapped(name: str) -> NDArray[Any]:
        return np.asarray(np.load(folder / f"{name}.npy", "r"))

    tables = HashTables(**{field.name: mapped(field.name) for field in fields(HashTables)})
    return NgramIndex(**{name: mapped(name) for name in ARRAYS}, tables=tables)


def build_index(references: pa.Table, matching: Matching) -> NgramIndex:
    """Index the n-grams of references, each of at least ``min_words`` words.

    An n-gram in more than ``max_records`` records is their boilerplate and left out; the parts of a record count once.
    """
    ngrams, widths = [np.empty(0, np.uint64)], []
    for text in references["text"]:
        words = words_of(text.as_py())
        ngrams.append(ngrams_of(words, matching))
        widths.append(matching.width(len(words)))
    num_ngrams = np.array([len(of_text) for of_text in ngrams[1:]], np.int64)
    hashes, of_reference = distinct_pairs(np.concatenate(ngrams), np.repeat(np.arange(len(widths)), num_ngrams))
    is_common = common_hashes(hashes, record_numbers(references)[of_reference], matching.max_records)
    hashes, of_reference = hashes[~is_common], of_reference[~is_common]
    distinct, first = np.unique(hashes, return_index=True)
    return NgramIndex(
        hashes=distinct,
        starts=np.append(first, len(hashes)),
        references=of_reference,
        num_ngrams=num_ngrams,
        tables=build_tables(distinct, np.array(widths, np.int64)[of_reference[first]]),
    )


def ngrams_of(words: Words, matching: Matching) -> NDArray[np.uint64]:
    """The hashes of a text's n-grams that are long enough to tell, each once, ascending."""
    width = matching.width(len(words))
    return np.unique(ngram_hashes(words.text, width)[words.ngram_bytes(width) >= matching.min_ngram_bytes])


def distinct_pairs(hashes: NDArray[np.uint64], numbers: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pairs sorted by (hash, number), each once."""
    order = np.lexsort((numbers, hashes))
    hashes, numbers = hashes[order], numbers[order]
    is_new = np.append(True, (hashes[1:] != hashes[:-1]) | (numbers[1:] != numbers[:-1]))[: len(hashes)]
    return hashes[is_new], numbers[is_new]


def record_numbers(references: pa.Table) -> NDArray[np.int64]:
    """A number for the record of each reference, ascending with the rows where a record's parts are neighbours."""
    names = pc.binary_join_element_wise(references["benchmark"], references["record"], "\n").combine_chunks()
    return names.dictionary_encode().indices.to_numpy().astype(np.int64)


def common_hashes(hashes: NDArray[np.uint64], records: NDArray[np.int64], max_records: int) -> NDArray[np.bool_]:
    """Whether each hash, in ascending order, comes with more than ``max_records`` different records."""
    of_records, _ = distinct_pairs(hashes, records)
    distinct, counts = np.unique(of_records, return_counts=True)
    return np.isin(hashes, distinct[counts > max_records])
