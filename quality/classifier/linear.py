"""A fastText model of two classes is a linear one: a text is scored by adding up one number for each of its features.

fastText (Joulin et al. 2016, arXiv:1607.01759) takes the mean of its features' rows of the input matrix and holds it
against a row of the output matrix for each class. So a feature's weight is its row times the difference of the two
output rows, and the mean of a text's weights is the logit of the positive class. Features are the words of the
vocabulary, the end of the line, and the n-grams of all words by hash.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.filters.kernels.characters import read_only, texts_of
from pipelines.hashing import FNV_BASIS, FNV_PRIME

POSITIVE, NEGATIVE = "__label__1", "__label__0"  # normalised text has no underscore, so no text can bring a label
END_OF_LINE = "</s>"
FNV_BASIS_32 = np.uint32(2166136261)  # fastText's own hash of a word
FNV_PRIME_32 = np.uint32(16777619)
NGRAM_BASE = np.uint64(116049371)  # of fastText's polynomials in these hashes
SPACE = 0x20


class LinearModel(NamedTuple):
    """Weights of features. Words are looked up by a hash of 64 bits, in a table whose free slots have the key 0."""

    keys: NDArray[np.uint64]  # [a power of two]
    word_weights: NDArray[np.float32]
    ngram_weights: NDArray[np.float32]  # [buckets]
    ngram_words: int
    end_of_line: NDArray[np.uint8]


def read_model(path: Path) -> LinearModel:
    """The weights of a fastText model in its binary format; raises ValueError where it is of other classes."""
    import fasttext

    model = fasttext.load_model(str(path))
    labels = model.get_labels()
    if sorted(labels) != [NEGATIVE, POSITIVE]:
        raise ValueError(f"{path} tells {labels} apart")
    outputs = dict(zip(labels, model.get_output_matrix().astype(np.float64), strict=True))
    weights = np.einsum("fd,d->f", model.get_input_matrix(), outputs[POSITIVE] - outputs[NEGATIVE])
    words = texts_of(pa.array(model.get_words(), pa.large_string()))
    num_words = len(words.starts) - 1
    keys = np.zeros(1 << (2 * num_words).bit_length(), np.uint64)
    word_weights = np.zeros(len(keys), np.float32)
    fill_table(words.data, words.starts, weights[:num_words].astype(np.float32), keys, word_weights)
    return LinearModel(
        read_only(keys),
        read_only(word_weights),
        read_only(weights[num_words:].astype(np.float32)),
        model.f.getArgs().wordNgrams,
        read_only(np.frombuffer(END_OF_LINE.encode(), np.uint8)),
    )


def logits(model: LinearModel, words: pa.LargeStringArray, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The logit of the positive class for some of the normalised texts, shape (len(rows),); finite for empty ones."""
    out = np.empty(len(rows), np.float64)
    write_logits(*texts_of(words), rows, model, out)
    return out


@numba.njit(inline="always")
def find_slot(keys: Any, key: Any) -> Any:
    """The slot of a key, or the free one where it belongs."""
    slot = key & np.uint64(len(keys) - 1)
    while keys[slot] != key and keys[slot] != 0:
        slot = (slot + np.uint64(1)) & np.uint64(len(keys) - 1)
    return slot


@numba.njit(inline="always")
def hash_word(data: Any, start: int, end: int) -> Any:
    """Two hashes of the word that data[start:end] begins with, FNV-1a and fastText's own, and where it ends."""
    key, hash_32 = FNV_BASIS, FNV_BASIS_32
    position = start
    while position < end and data[position] != SPACE:
        byte = data[position]
        key = (key ^ np.uint64(byte)) * FNV_PRIME
        hash_32 = np.uint32((hash_32 ^ np.uint32(np.int32(np.int8(byte)))) * FNV_PRIME_32)  # bytes are signed there
        position += 1
    return key, np.uint64(np.int64(np.int32(hash_32))), position


@numba.njit(cache=True, nogil=True)
def fill_table(data: Any, starts: Any, weights: Any, keys: Any, word_weights: Any) -> None:
    for word in range(len(weights)):
        key, _, _ = hash_word(data, starts[word], starts[word + 1])
        slot = find_slot(keys, key)
        keys[slot] = key
        word_weights[slot] = weights[word]


@numba.njit(cache=True, nogil=True)
def write_logits(data: Any, starts: Any, rows: Any, model: Any, out: Any) -> None:
    num_buckets = np.uint64(len(model.ngram_weights))
    num_open = model.ngram_words - 1
    ngrams = np.empty(max(num_open, 1), np.uint64)  # hashes of those that the next word continues, in a ring
    for row in range(len(rows)):
        position, end = starts[rows[row]], starts[rows[row] + 1]
        total = 0.0
        num_words = num_features = 0
        at_end = False
        while not at_end:
            at_end = position == end
            if at_end:
                key, word_hash, _ = hash_word(model.end_of_line, 0, len(model.end_of_line))
            else:
                key, word_hash, position = hash_word(data, position, end)
                position += position < end
            slot = find_slot(model.keys, key)
            if model.keys[slot] != 0:
                total += model.word_weights[slot]
                num_features += 1
            for ngram in range(min(num_words, num_open)):
                ngrams[ngram] = ngrams[ngram] * NGRAM_BASE + word_hash
                total += model.ngram_weights[ngrams[ngram] % num_buckets]
                num_features += 1
            if num_open:
                ngrams[num_words % num_open] = word_hash
            num_words += 1
        out[row] = total / max(num_features, 1)
