"""datatrove's blocks with what is fastest in them: Resiliparse, and words and sentences by compiled patterns."""

from pathlib import Path

import regex
from datatrove.pipeline.extractors.base import BaseExtractor
from datatrove.pipeline.filters import C4QualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils.word_tokenizers import WordTokenizer
from resiliparse.extract.html2text import extract_plain_text

from benchmarks.documents.with_datatrove import Prepared, describe, pipeline, run

__all__ = ["describe", "prepare", "run"]

WORD = regex.compile(r"\w+|[^\w\s]+")
SENTENCE = regex.compile(r"[^.!?]+[.!?]*")


class Resiliparse(BaseExtractor):
    """Main content by Resiliparse."""

    name = "Resiliparse"

    def __init__(self) -> None:
        super().__init__(timeout=1)

    def extract(self, text: str) -> str:
        return extract_plain_text(text, main_content=True)


class PatternTokenizer(WordTokenizer):
    """Words and sentences by compiled patterns."""

    def word_tokenize(self, text: str) -> list[str]:
        return WORD.findall(text)

    def sent_tokenize(self, text: str) -> list[str]:
        return SENTENCE.findall(text)

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in SENTENCE.finditer(text)]


def prepare(path: Path, num_parts: int) -> Prepared:
    words = PatternTokenizer()
    filters = [
        GopherRepetitionFilter(language=words),
        GopherQualityFilter(language=words, min_stop_words=None),
        C4QualityFilter(language=words),
    ]
    return pipeline(path, num_parts, Resiliparse(), filters)
