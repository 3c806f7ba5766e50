"""Small corpora of made-up words as real artifacts: documents, dedup, tokenizer, shards."""

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from pipelines.corpus import CONTAMINATION, CONTAMINATION_ASSET, REMOVALS, SURVIVORS
from pipelines.digests import document_id
from pipelines.documents import SCHEMA
from pipelines.engines import LocalEngine
from pipelines.shards import open_shards
from pipelines.store import Artifact, Draft, Store
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TokenizerDeclaration, ensure_tokenizer

VOCAB_SIZE = 384


@dataclass(frozen=True)
class Corpus:
    """Everything by document id, and shards by the name that blends use."""

    store: Store
    tokenizer: Artifact
    shards: dict[str, Artifact]
    texts: dict[str, str]
    sources: dict[str, str]
    shards_of: dict[str, str]

    def decode(self, tokens: Sequence[int]) -> str:
        path = self.tokenizer.folder / "tokenizer.json"
        return Tokenizer.from_file(str(path)).decode(list(tokens), skip_special_tokens=False)


def made_up_text(seed: str, num_words: int) -> str:
    words = random.Random(seed)
    return " ".join("".join(words.choices("abcdefghij", k=words.randint(2, 7))) for _ in range(num_words))


def ignore(_line: str) -> None:
    """Where progress goes in tests."""


def small_corpus(home: Path, documents_by_domain: Mapping[str, int]) -> Corpus:
    """One source and one set of shards for each domain, of the given numbers of documents of 1 to 60 words."""
    store = Store(home)
    texts = {
        domain: [made_up_text(f"{domain}/{number}", 1 + number * 7 % 60) for number in range(count)]
        for domain, count in documents_by_domain.items()
    }
    documents = [make_documents(store, domain, of_domain) for domain, of_domain in texts.items()]
    survivors = make_contamination(store, make_dedup(store, documents, texts))
    declared = TokenizerDeclaration(vocab_size=VOCAB_SIZE, sample_bytes_per_domain=1 << 20)
    tokenizer = ensure_tokenizer(store, declared, survivors, documents, ignore).artifact
    shards = {
        domain: ensure_shards(
            store,
            f"shards/{domain}",
            domain=domain,
            split="train",
            buckets=None,
            bucket=None,
            corpus=survivors,
            documents=documents,
            tokenizer=tokenizer,
            engine=LocalEngine(workers=1),
            report=ignore,
        ).artifact
        for domain in texts
    }
    ids = {name: open_shards(artifact).index["id"].to_pylist() for name, artifact in shards.items()}
    return Corpus(
        store=store,
        tokenizer=tokenizer,
        shards=shards,
        texts={document_id(text): text for of_domain in texts.values() for text in of_domain},
        sources={document_id(text): f"source_{domain}" for domain, of_domain in texts.items() for text in of_domain},
        shards_of={document: name for name, documents in ids.items() for document in documents},
    )


def make_documents(store: Store, domain: str, texts: Sequence[str]) -> Artifact:
    """A documents artifact of one source."""

    def make(draft: Draft) -> None:
        table = pa.table(
            {
                "id": [document_id(text) for text in texts],
                "text": pa.array(texts, pa.large_string()),
                "source": [f"source_{domain}"] * len(texts),
                "snapshot": ["1"] * len(texts),
                "locator": [str(number) for number in range(len(texts))],
                "url": pa.nulls(len(texts), pa.string()),
                "licence": ["CC0-1.0"] * len(texts),
                "repository": pa.nulls(len(texts), pa.string()),
                "language": ["en"] * len(texts),
                "language_score": pa.array([1.0] * len(texts), pa.float32()),
                "num_bytes": [len(text.encode()) for text in texts],
                "answer_start": pa.nulls(len(texts), pa.int64()),
                "broken_rule": pa.nulls(len(texts), pa.string()),
            },
            schema=SCHEMA,
        )
        pq.write_table(table, draft.folder / "documents-00000.parquet")
        draft.facts["domain"] = domain

    asset = f"documents/source_{domain}"
    return store.ensure(asset, make, code_version="1", parameters={"source": f"source_{domain}"}).artifact


def make_dedup(store: Store, documents: Sequence[Artifact], texts: Mapping[str, Sequence[str]]) -> Artifact:
    """A dedup artifact in which every document survives for training."""

    def make(draft: Draft) -> None:
        rows = [
            {
                "id": document_id(text),
                "source": f"source_{domain}",
                "domain": domain,
                "licence": "CC0-1.0",
                "language": "en",
                "num_bytes": len(text.encode()),
                "split": "train",
            }
            for domain, of_domain in texts.items()
            for text in of_domain
        ]
        rows.sort(key=lambda row: row["id"])
        survivors = pa.Table.from_pylist(rows)
        survivors = survivors.append_column("broken_rule", pa.nulls(len(rows), pa.string()))
        pq.write_table(survivors, draft.folder / SURVIVORS)
        removal = {"id": "", "step": "", "similarity": 0.0, "survivor_id": ""}
        pq.write_table(pa.Table.from_pylist([removal]), draft.folder / REMOVALS)

    return store.ensure("corpus/dedup", make, code_version="1", parameters={}, parents=documents).artifact


def make_contamination(store: Store, dedup: Artifact) -> Artifact:
    """A contamination artifact that drops no document."""

    def make(draft: Draft) -> None:
        shutil.copy(dedup.folder / SURVIVORS, draft.folder)
        hit = {"id": "", "benchmark": "", "record": ""}
        pq.write_table(pa.Table.from_pylist([hit]), draft.folder / CONTAMINATION)

    return store.ensure(CONTAMINATION_ASSET, make, code_version="1", parameters={}, parents=[dedup]).artifact
