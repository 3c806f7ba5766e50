"""Digests: of text (a document's identity), of files, and of plain values in canonical JSON."""

import hashlib
import json
from pathlib import Path
from typing import Any

import xxhash


def document_id(text: str) -> str:
    """The identity of a document: xxh3_128 of its UTF-8 text, as 32 hexadecimal digits."""
    return xxhash.xxh3_128_hexdigest(text.encode())


def keyed_hash(document: str, key: str) -> int:
    """A uniform 64-bit number from a document id and a key; equal on every machine."""
    return xxhash.xxh3_64_intdigest(f"{key}\0{document}".encode())


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces; raises TypeError for a value that JSON cannot hold."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def value_digest(value: Any) -> str:
    """SHA-256 of a plain value's canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal; the same as ``sha256sum`` prints."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
