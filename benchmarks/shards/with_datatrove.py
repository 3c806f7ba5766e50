"""datatrove: DocumentTokenizer with the same vocabulary; it shuffles the documents of its one file and indexes them.

Its index holds the ends of documents alone, so nothing but the text is read. It reads, as ours does, Parquet.
"""

import itertools
import shutil
import struct
import tempfile
from pathlib import Path
from typing import NamedTuple

from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.tokens import DocumentTokenizer

from benchmarks.shards.layout import END_OF_TEXT, document_digests, documents_folder, tokenizer_file

TOKEN_BYTES = 2
END_BYTES = 8


class Input(NamedTuple):
    folders: list[Path]
    tokenizer: Path


def prepare(path: Path, num_parts: int) -> Input:
    return Input([documents_folder(path, part) for part in range(num_parts)], tokenizer_file(path))


def run(given: Input) -> None:
    shutil.rmtree(tokenised(given))


def tokenised(given: Input) -> Path:
    folder = Path(tempfile.mkdtemp())
    readers = [ParquetReader(str(part), glob_pattern="*.parquet", read_metadata=False) for part in given.folders]
    step = DocumentTokenizer(str(folder), str(given.tokenizer), eos_token=END_OF_TEXT, seed=0)
    step.run(itertools.chain.from_iterable(reader.run() for reader in readers))
    return folder


def describe(given: Input) -> list[list[str]]:
    """The digests of all documents, sorted; it keeps no ids to tell the parts."""
    folder = tokenised(given)
    (tokens,) = folder.glob("*.ds")
    index = Path(f"{tokens}.index").read_bytes()
    ends = struct.unpack(f"<{len(index) // END_BYTES}Q", index)
    return [sorted(document_digests(tokens.read_bytes(), ends, TOKEN_BYTES))]
