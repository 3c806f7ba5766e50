"""datatrove: three MinHash steps with its default bands, as it verifies nothing; its fastest tokeniser, a pattern."""

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import regex
from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupSignature,
)
from datatrove.utils.word_tokenizers import WordTokenizer

from benchmarks.dedup.texts import read_texts

WORD = regex.compile(r"\w+")


class PatternTokenizer(WordTokenizer):
    """Words by a compiled pattern; only ``word_tokenize`` is used."""

    def word_tokenize(self, text: str) -> list[str]:
        return WORD.findall(text)

    def sent_tokenize(self, text: str) -> list[str]:
        raise NotImplementedError

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        raise NotImplementedError


def prepare(path: Path, num_parts: int) -> list[Document]:
    return [Document(text=text, id=str(row)) for row, text in enumerate(read_texts(path, num_parts).to_pylist())]


def run(documents: list[Document]) -> list[int]:
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    with tempfile.TemporaryDirectory() as folder:
        signatures, pairs, removed = (f"{folder}/{name}" for name in ("signatures", "pairs", "removed"))
        MinhashDedupSignature(signatures, config, language=PatternTokenizer()).run(iter(documents))
        for bucket in range(config.num_buckets):
            MinhashDedupBuckets(signatures, pairs, config=config).run(None, bucket, config.num_buckets)
        MinhashDedupCluster(pairs, removed, config).run()
        return [row for file in sorted(Path(removed).glob("*.remove")) for row in rows(file)]


def rows(file: Path) -> Iterator[int]:
    return (row for (row,) in struct.iter_unpack("<I", file.read_bytes()))
