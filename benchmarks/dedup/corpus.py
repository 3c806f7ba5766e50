"""A corpus with planted near duplicates, the same on every machine.

Words follow Zipf's law over a generated vocabulary, and document lengths a log-normal law. Each part is one row group
of whole pairs, shuffled.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260101
NUM_PARTS = 10
BASES_PER_PART = 1000
COPIES_PER_KIND = 110  # in each part
VOCABULARY = 60_000
SHINGLE_WORDS = 5
LETTERS = "eeetttaaooiinnsshhrrdlucmfwypvbgkqjxz"
ACCENTED = "éüöñçåøžłи"

SCHEMA = pa.schema(
    [
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("pair", pa.int32(), nullable=False),  # the same number for a base and its copy; -1 for neither
        pa.field("similarity", pa.float64(), nullable=False),  # of the pair: the exact Jaccard of its word shingles
    ]
)

Row = tuple[str, int, float]
Copy = Callable[[list[str], random.Random], str]


def write_corpus(path: Path) -> None:
    """Write all parts, with columns SCHEMA."""
    rng = random.Random(SEED)
    words = vocabulary(rng)
    cumulative = list(itertools.accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    pairs = itertools.count()
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for _ in range(NUM_PARTS):
            rows: list[Row] = []
            for base in range(BASES_PER_PART):
                length = min(max(int(rng.lognormvariate(5.9, 0.7)), 60), 5000)
                document = rng.choices(words, cum_weights=cumulative, k=length)
                document[::12] = [f"{word.capitalize()}," for word in document[::12]]
                kind = base // COPIES_PER_KIND
                rows += planted(document, KINDS[kind], next(pairs), rng) if kind < len(KINDS) else alone(document)
            rng.shuffle(rows)
            columns = [
                pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))


def alone(document: list[str]) -> list[Row]:
    return [(" ".join(document), -1, 0.0)]


def planted(document: list[str], copy: Copy, pair: int, rng: random.Random) -> list[Row]:
    base, other = " ".join(document), copy(document, rng)
    similarity = jaccard(base, other)
    return [(base, pair, similarity), (other, pair, similarity)]


def vocabulary(rng: random.Random) -> list[str]:
    """Words, most frequent first: frequent ones are short, and one in thirty has a letter beyond ASCII."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        length = min(1 + int(rng.expovariate(0.5)) + len(words).bit_length() // 3, 16)
        letters = rng.choices(LETTERS, k=length)
        if rng.random() < 1 / 30:
            letters[-1] = rng.choice(ACCENTED)
        words["".join(letters)] = None
    return list(words)


def exact(document: list[str], _: random.Random) -> str:
    return " ".join(document)


def case_and_space(document: list[str], _: random.Random) -> str:
    return " \n ".join(document).upper()


def boilerplate(document: list[str], rng: random.Random) -> str:
    """With a header and a footer of its own, together a tenth of its words."""
    extra = list(edits(len(document) // 10, rng))
    half = len(extra) // 2
    return " ".join([*extra[:half], *document, *extra[half:]])


def truncated(document: list[str], _: random.Random) -> str:
    return " ".join(document[: len(document) * 85 // 100])


def edited(fraction: float) -> Copy:
    """Words at random places replaced."""

    def copy(document: list[str], rng: random.Random) -> str:
        changed = list(document)
        places = rng.sample(range(len(document)), max(1, round(fraction * len(document))))
        for place, word in zip(places, edits(len(places), rng), strict=True):
            changed[place] = word
        return " ".join(changed)

    return copy


def edits(count: int, rng: random.Random) -> Iterator[str]:
    """Words that no vocabulary has."""
    return (f"edit{rng.randrange(10**6)}" for _ in range(count))


KINDS: list[Copy] = [
    exact,
    case_and_space,
    edited(0.01),
    edited(0.03),
    edited(0.08),
    edited(0.25),
    boilerplate,
    truncated,
]


def jaccard(left: str, right: str) -> float:
    """The exact similarity of two texts' sets of word shingles, in plain Python."""
    a, b = shingles(left), shingles(right)
    return len(a & b) / len(a | b)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.lower().replace(",", " ").split()
    return set(zip(*(words[i:] for i in range(SHINGLE_WORDS)), strict=False))
