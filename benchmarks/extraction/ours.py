"""Ours: main text, formulas and code."""

from pathlib import Path

from benchmarks.extraction.pages import read_column
from pipelines.extract.html import extract_page


def prepare(path: Path, num_parts: int) -> list[bytes]:
    return read_column(path, num_parts, "page")


def run(pages: list[bytes]) -> list[str]:
    return [extract_page(page, main_content=True, skip_elements=()).text for page in pages]
