"""Resiliparse's main content, as DCLM takes it (Li et al. 2024, arXiv:2406.11794)."""

from pathlib import Path

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from resiliparse.parse.html import HTMLTree

from benchmarks.extraction.pages import read_column


def prepare(path: Path, num_parts: int) -> list[bytes]:
    return read_column(path, num_parts, "page")


def run(pages: list[bytes]) -> list[str]:
    return [
        extract_plain_text(HTMLTree.parse(bytes_to_str(page, detect_encoding(page))), main_content=True)
        for page in pages
    ]
