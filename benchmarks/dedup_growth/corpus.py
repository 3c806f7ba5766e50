"""Short documents with planted duplicates, any number of them: each is a function of its number alone.

Of a block of a hundred documents, most are made of random words. The last are copies, each of a document of another
block, and no document has two.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pipelines.documents import SCHEMA
from pipelines.store import Artifact, Draft, Store

BLOCK = 100
NUM_EXACT, NUM_NEAR, NUM_CHANGED = 8, 6, 2  # copies in a block: equal, with one word changed, with every fourth changed
NUM_COPIES = NUM_EXACT + NUM_NEAR + NUM_CHANGED
FIRST_COPY = BLOCK - NUM_COPIES  # the place of the first copy in its block
STRIDE = 7919  # a prime: how far apart the blocks of a copy and its original are
MIN_WORDS, MAX_WORDS = 44, 72
WORD_BYTES = 7  # with the blank after it
WORDS_PER_LINE = 12
VOCABULARY = 1 << 16
SOURCES = ("first", "second")  # a half of the documents each
DOCUMENTS_PER_FILE = 100_000
ROWS_PER_GROUP = 2000


def write_corpus(store: Store, num_documents: int) -> list[Artifact]:
    """The documents of both sources; ``num_documents`` is a multiple of 2 * BLOCK."""
    half = num_documents // len(SOURCES)
    return [
        write_source(store, source, range(number * half, (number + 1) * half), num_documents)
        for number, source in enumerate(SOURCES)
    ]


def num_duplicates(num_documents: int) -> int:
    """How many pairs of duplicates there are: a copy that was not changed too much, and its original."""
    return num_documents // BLOCK * (NUM_EXACT + NUM_NEAR)


def copies_of(numbers: NDArray[np.int64], num_documents: int) -> NDArray[np.int64]:
    """The copies of the pairs of duplicates that documents belong to; -1 for those that belong to none."""
    num_blocks = num_documents // BLOCK
    block, place = np.divmod(numbers, BLOCK)
    of_original = (block - STRIDE) % num_blocks * BLOCK + FIRST_COPY + place
    copies = np.where(place < FIRST_COPY, of_original, numbers)
    copied_place = np.where(place < FIRST_COPY, place, place - FIRST_COPY)
    return np.where(copied_place < NUM_EXACT + NUM_NEAR, copies, -1)


def write_source(store: Store, source: str, numbers: range, num_documents: int) -> Artifact:
    def make(draft: Draft) -> None:
        num_bytes = 0
        for file, start in enumerate(range(numbers.start, numbers.stop, DOCUMENTS_PER_FILE)):
            wanted = np.arange(start, min(start + DOCUMENTS_PER_FILE, numbers.stop))
            path = draft.folder / f"documents-{file:05}.parquet"
            table = documents_table(source, wanted, num_documents)
            pq.write_table(table, path, row_group_size=ROWS_PER_GROUP, compression="zstd")
            num_bytes += pc.sum(table["num_bytes"]).as_py()
        draft.facts = {"num_bytes": num_bytes}

    parameters = {"source": source, "first": numbers.start, "end": numbers.stop, "num_documents": num_documents}
    return store.ensure(f"documents/{source}/1", make, code_version="1", parameters=parameters).artifact


def documents_table(source: str, numbers: NDArray[np.int64], num_documents: int) -> pa.Table:
    """The documents of some numbers."""
    data, starts = texts(numbers, num_documents)
    text = pa.LargeStringArray.from_buffers(len(numbers), pa.py_buffer(starts), pa.py_buffer(data))
    view = memoryview(data.data)
    ids = [xxhash.xxh3_128_hexdigest(view[start:end]) for start, end in pairwise(starts.tolist())]
    known: dict[str, Any] = {
        "id": pa.array(ids),
        "text": text,
        "source": pa.repeat(source, len(numbers)),
        "snapshot": pa.repeat("1", len(numbers)),
        "locator": pa.array(numbers).cast(pa.string()),
        "licence": pa.repeat("CC0-1.0", len(numbers)),
        "language": pa.repeat("en", len(numbers)),
        "language_score": pa.repeat(pa.scalar(1.0, pa.float32()), len(numbers)),
        "num_bytes": pa.array(np.diff(starts)),
    }
    columns = [known.get(field.name, pa.nulls(len(numbers), field.type)) for field in SCHEMA]
    return pa.table(columns, schema=SCHEMA)


def texts(numbers: NDArray[np.int64], num_documents: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The texts of documents laid end to end, uint8, and where each starts, int64 [n + 1]."""
    place = numbers % BLOCK - FIRST_COPY  # of a copy among those of its block; negative for others
    is_copy = place >= 0
    num_blocks = num_documents // BLOCK
    original_block = (numbers // BLOCK + STRIDE) % num_blocks
    original = np.where(is_copy, original_block * BLOCK + place, numbers)
    num_words = MIN_WORDS + (mixed(original) % np.uint64(MAX_WORDS - MIN_WORDS)).astype(np.int64)
    ends = np.cumsum(num_words)
    within = np.arange(ends[-1]) - np.repeat(ends - num_words, num_words)  # the place of each word in its document
    words = mixed(np.repeat(original, num_words) << 8 | within)
    changed = is_changed(np.repeat(place, num_words), within, np.repeat(num_words, num_words))
    words = np.where(changed, mixed(words), words) % np.uint64(VOCABULARY)
    letters = vocabulary()[words.astype(np.int64)]
    letters[within % WORDS_PER_LINE == WORDS_PER_LINE - 1, -1] = ord("\n")
    return letters.reshape(-1), np.concatenate(([0], ends)) * WORD_BYTES


def is_changed(place: NDArray[np.int64], within: NDArray[np.int64], num_words: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which words of copies differ from their originals'."""
    is_near = (place >= NUM_EXACT) & (place < NUM_EXACT + NUM_NEAR)
    return (is_near & (within == num_words // 2)) | ((place >= NUM_EXACT + NUM_NEAR) & (within % 4 == 0))


def vocabulary() -> NDArray[np.uint8]:
    """Words of six letters and a blank, uint8 [VOCABULARY, WORD_BYTES]."""
    letters = ord("a") + mixed(np.arange(VOCABULARY * WORD_BYTES)) % np.uint64(26)
    words = letters.astype(np.uint8).reshape(VOCABULARY, WORD_BYTES)
    words[:, -1] = ord(" ")
    return words


def mixed(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Random-looking numbers, one for each value (SplitMix64, Steele, Lea and Flood 2014)."""
    mix = values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    mix = (mix ^ (mix >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mix = (mix ^ (mix >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mix ^ (mix >> np.uint64(31))
