"""Gopher's rules of repetition: Rae et al. 2021, "Scaling Language Models" (arXiv:2112.11446), table A1."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from pipelines.declared import Declared
from pipelines.filters.rules import Rule

TOP_NGRAMS = range(2, 5)
DUPLICATE_NGRAMS = range(5, 11)
TopN = Annotated[int, Field(ge=TOP_NGRAMS[0], le=TOP_NGRAMS[-1])]
DuplicateN = Annotated[int, Field(ge=DUPLICATE_NGRAMS[0], le=DUPLICATE_NGRAMS[-1])]


class GopherRepetition(Declared):
    """Bounds on the fraction of a document that repeats itself; None or an empty mapping switches a bound off.

    ``max_top_ngram`` and ``max_duplicate_ngrams`` map n to the greatest fraction of characters inside the most frequent
    n-gram of words, or inside n-grams that occurred before. A character in several such n-grams counts once.
    """

    max_duplicate_lines: float | None = 0.30
    max_duplicate_paragraphs: float | None = 0.30
    max_duplicate_line_characters: float | None = 0.20
    max_duplicate_paragraph_characters: float | None = 0.20
    max_top_ngram: Mapping[TopN, float] = Field(default={2: 0.20, 3: 0.18, 4: 0.16})
    max_duplicate_ngrams: Mapping[DuplicateN, float] = Field(
        default={5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}
    )

    RULES: ClassVar = (
        *(
            Rule(f"gopher_repetition.max_{measure}", measure, f"gopher_{measure}")
            for measure in (
                "duplicate_lines",
                "duplicate_paragraphs",
                "duplicate_line_characters",
                "duplicate_paragraph_characters",
            )
        ),
        *(Rule(f"gopher_repetition.max_top_ngram.{n}", f"top_{n}gram", f"gopher_top_{n}gram") for n in TOP_NGRAMS),
        *(
            Rule(f"gopher_repetition.max_duplicate_ngrams.{n}", f"duplicate_{n}grams", f"gopher_duplicate_{n}grams")
            for n in DUPLICATE_NGRAMS
        ),
    )
