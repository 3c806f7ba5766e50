"""Trafilatura by its defaults."""

from trafilatura import extract

from benchmarks.extraction.with_trafilatura import prepare

__all__ = ["prepare", "run"]


def run(pages: list[bytes]) -> list[str]:
    return [extract(page) or "" for page in pages]
