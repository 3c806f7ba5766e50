"""The input: documents of generated words with a tokenizer trained on them, the same on every machine.

Words follow Zipf's law over a generated vocabulary; one in twenty-five is a number that stands nowhere else.
"""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup.corpus import VOCABULARY, vocabulary
from benchmarks.shards.layout import END_OF_TEXT, NUM_PARTS
from pipelines.digests import document_id
from pipelines.store import Draft, Store
from pipelines.tokenizer import TOKENIZER, TOKENIZER_ASSET, train

SEED = 20260301
DOCUMENTS_PER_PART = 1500
VOCAB_SIZE = 8192
TRAINING_DOCUMENTS = 400
DOMAIN = "web"


def write_corpus(path: Path) -> None:
    """Write a store with the documents of each part, and a tokenizer."""
    rng = random.Random(SEED)
    words = vocabulary(rng)
    cumulative = list(itertools.accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    store = Store(path)
    for part in range(NUM_PARTS):
        texts = list(itertools.islice(documents(words, cumulative, rng), DOCUMENTS_PER_PART))
        write_part(store, f"part_{part:02d}", texts)
        if not part:
            write_tokenizer(store, texts[:TRAINING_DOCUMENTS])


def documents(words: list[str], cumulative: list[float], rng: random.Random) -> Iterator[str]:
    """Texts of sentences and paragraphs; the median has 360 words."""
    while True:
        length = min(max(int(rng.lognormvariate(5.9, 0.9)), 40), 20_000)
        chosen = rng.choices(words, cum_weights=cumulative, k=length)
        chosen[::12] = [f"{word.capitalize()}," for word in chosen[::12]]
        chosen[7::25] = [str(rng.randrange(10**6)) for _ in chosen[7::25]]
        chosen[80::90] = [f"{word}.\n\n" for word in chosen[80::90]]
        yield " ".join(chosen)


def write_part(store: Store, source: str, texts: list[str]) -> None:
    def make(draft: Draft) -> None:
        table = pa.table(
            {
                "id": [document_id(text) for text in texts],
                "text": pa.array(texts, pa.large_string()),
                "source": [source] * len(texts),
                "licence": ["CC0-1.0"] * len(texts),
                "language": ["en"] * len(texts),
                "num_bytes": [len(text.encode()) for text in texts],
            }
        )
        pq.write_table(table, draft.folder / "documents-00000.parquet", compression="zstd", row_group_size=2000)
        draft.facts["domain"] = DOMAIN

    store.ensure(f"documents/{source}", make, code_version="1", parameters={"source": source})


def write_tokenizer(store: Store, texts: list[str]) -> None:
    def make(draft: Draft) -> None:
        (draft.folder / TOKENIZER).write_text(train(pa.table({"text": texts}), VOCAB_SIZE))
        draft.facts |= {"vocab_size": VOCAB_SIZE, "end_of_text": 0}

    store.ensure(TOKENIZER_ASSET, make, code_version="1", parameters={"end_of_text": END_OF_TEXT})
