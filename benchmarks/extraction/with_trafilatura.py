"""Trafilatura as datatrove calls it: comments left out, precision favoured, repeated passages dropped."""

from pathlib import Path

from trafilatura import extract

from benchmarks.extraction.pages import read_column


def prepare(path: Path, num_parts: int) -> list[bytes]:
    return read_column(path, num_parts, "page")


def run(pages: list[bytes]) -> list[str]:
    return [extract(page, favor_precision=True, include_comments=False, deduplicate=True) or "" for page in pages]
