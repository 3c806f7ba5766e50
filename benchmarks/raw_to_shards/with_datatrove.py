"""datatrove's blocks as they come: to documents, four steps of MinHash, and DocumentTokenizer.

Documents go through a file, as the first step of MinHash and the last both read them; survivors go from there to the
tokenizer without another. Bands are its defaults.
"""

import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

# Before anything of datatrove, as it says where that keeps its models.
from benchmarks.documents import with_datatrove as documents  # isort: skip

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.typeshelper import Languages
from datatrove.utils.word_tokenizers import WordTokenizer
from tokenizers import Tokenizer

from benchmarks.raw_to_shards.layout import crawl_folder
from benchmarks.shards.layout import END_OF_TEXT, tokenizer_file

END = struct.Struct("<Q")  # where a document ends, in tokens


@dataclass
class Prepared:
    """The steps to documents, what the others need, and the documents that came through."""

    to_documents: documents.Prepared
    words: str | WordTokenizer
    tokenizer: Path
    work: Path
    survivors: list[Document] = field(default_factory=list)


def prepare(path: Path, num_parts: int) -> Prepared:
    return blocks(path, documents.prepare(crawl_folder(path), num_parts), Languages.english)


def blocks(path: Path, to_documents: documents.Prepared, words: str | WordTokenizer) -> Prepared:
    return Prepared(to_documents, words, tokenizer_file(path), Path(tempfile.mkdtemp()))


def run(prepared: Prepared) -> None:
    documents.run(prepared.to_documents)
    writer = prepared.to_documents.steps[-1]
    assert isinstance(writer, ParquetWriter)
    reader = ParquetReader(writer.output_folder)
    config = MinhashConfig()
    signatures, pairs, removed, shards = folders(prepared)
    MinhashDedupSignature(signatures, config, language=prepared.words).run(reader.run())
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(signatures, pairs, config=config).run(None, bucket, config.num_buckets)
    MinhashDedupCluster(pairs, removed, config).run()
    prepared.survivors.extend(MinhashDedupFilter(removed).run(reader.run()))
    DocumentTokenizer(shards, str(prepared.tokenizer), eos_token=END_OF_TEXT, seed=0).run(iter(prepared.survivors))


def folders(prepared: Prepared) -> list[str]:
    return [str(prepared.work / name) for name in ("signatures", "pairs", "removed", "shards")]


def describe(prepared: Prepared) -> list[tuple[str, int]]:
    """The address of each document in the shards and the number of its tokens, the end-of-text token included.

    Raises:
        ValueError: the shards hold another number of tokens than their documents have.
    """
    tokenizer = Tokenizer.from_file(str(prepared.tokenizer))
    encodings = tokenizer.encode_batch([document.text for document in prepared.survivors])
    lengths = [len(encoding.ids) + 1 for encoding in encodings]
    (index,) = prepared.work.glob("shards/*.index")
    if END.unpack(index.read_bytes()[-END.size :]) != (sum(lengths),):
        raise ValueError(f"{index} does not hold {sum(lengths):,} tokens")
    return [(document.metadata["url"], length) for document, length in zip(prepared.survivors, lengths, strict=True)]
