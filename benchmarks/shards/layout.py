"""Where the parts of the input lie, for contenders of either environment."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

NUM_PARTS = 16
END_OF_TEXT = "<|endoftext|>"


def documents_folder(path: Path, part: int) -> Path:
    """The folder of a part's Parquet files, with the columns id and text among others."""
    return path / f"artifacts/documents/part_{part:02d}/1"


def tokenizer_file(path: Path) -> Path:
    """The tokenizer in Hugging Face's format."""
    return path / "artifacts/tokenizer/1/tokenizer.json"


def document_digests(tokens: bytes, ends: Sequence[int], token_bytes: int) -> Iterator[str]:
    """A digest of each document's tokens, without the end-of-text token; ``ends`` count tokens."""
    first = 0
    for end in ends:
        yield hashlib.sha256(tokens[first * token_bytes : (end - 1) * token_bytes]).hexdigest()[:16]
        first = end
