"""Gopher's rules of repetition: Rae et al. 2021, "Scaling Language Models" (arXiv:2112.11446), table A1."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pydantic import Field

from pipelines.declared import Declared
from pipelines.filters.bounds import above
from pipelines.filters.candidate import Candidate
from pipelines.rejection import Rejection


class GopherRepetition(Declared):
    """Bounds on the fraction of a document that repeats itself; None or an empty mapping switches a bound off.

    ``max_top_ngram`` and ``max_duplicate_ngrams`` map n to the greatest fraction of characters inside the most frequent
    n-gram of words, or inside n-grams that occurred before. A character in several such n-grams counts once.
    """

    max_duplicate_lines: float | None = 0.30
    max_duplicate_paragraphs: float | None = 0.30
    max_duplicate_line_characters: float | None = 0.20
    max_duplicate_paragraph_characters: float | None = 0.20
    max_top_ngram: Mapping[int, float] = Field(default={2: 0.20, 3: 0.18, 4: 0.16})
    max_duplicate_ngrams: Mapping[int, float] = Field(default={5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10})

    def rejection(self, candidate: Candidate) -> Rejection | None:
        lines, line_characters = duplicate_fractions(candidate.lines)
        paragraphs, paragraph_characters = duplicate_fractions(candidate.paragraphs)
        return (
            above("gopher_duplicate_lines", lines, self.max_duplicate_lines)
            or above("gopher_duplicate_paragraphs", paragraphs, self.max_duplicate_paragraphs)
            or above("gopher_duplicate_line_characters", line_characters, self.max_duplicate_line_characters)
            or above(
                "gopher_duplicate_paragraph_characters", paragraph_characters, self.max_duplicate_paragraph_characters
            )
            or self._ngrams(candidate.words)
        )

    def _ngrams(self, words: list[str]) -> Rejection | None:
        longest = max([*self.max_top_ngram, *self.max_duplicate_ngrams], default=0)
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        for n, grams in repeated_ngrams(words, longest):
            top, duplicate = self.max_top_ngram.get(n), self.max_duplicate_ngrams.get(n)
            rejection = (
                above(f"gopher_top_{n}gram", top_ngram_fraction(grams, n, lengths), top) if top is not None else None
            ) or (
                above(f"gopher_duplicate_{n}grams", duplicate_ngram_fraction(grams, n, lengths), duplicate)
                if duplicate is not None
                else None
            )
            if rejection:
                return rejection
        return None


def duplicate_fractions(parts: Sequence[str]) -> tuple[float, float]:
    """The fraction of parts that occurred before, and the fraction of characters in them."""
    counts = Counter(parts)
    if len(counts) == len(parts):
        return 0.0, 0.0
    num_characters = sum(map(len, parts))
    num_repeated = sum(len(part) * (count - 1) for part, count in counts.items())
    return 1 - len(counts) / len(parts), num_repeated / num_characters


def repeated_ngrams(words: Sequence[str], longest: int) -> Iterator[tuple[int, np.ndarray]]:
    """For n from 2 to ``longest``, as long as some n-gram occurs twice: n, and the n-grams as numbers.

    Two positions hold the same number if and only if the same n words start there: (num_words - n + 1,) int64.
    """
    numbers: dict[str, int] = {}
    codes = np.fromiter((numbers.setdefault(word, len(numbers)) for word in words), dtype=np.int64, count=len(words))
    grams = codes
    for n in range(2, longest + 1):
        if len(words) < n:
            return
        distinct, grams = np.unique(grams[:-1] * len(numbers) + codes[n - 1 :], return_inverse=True)
        if len(distinct) == len(grams):
            return
        yield n, grams


def top_ngram_fraction(grams: np.ndarray, n: int, lengths: np.ndarray) -> float:
    """The fraction of a document's characters inside its most frequent n-gram, of equals the one that comes first."""
    counts = np.bincount(grams)
    candidates = counts[grams] == counts.max()
    first = grams[np.argmax(candidates)]
    return covered_fraction(grams == first, n, lengths)


def duplicate_ngram_fraction(grams: np.ndarray, n: int, lengths: np.ndarray) -> float:
    """The fraction of a document's characters inside n-grams that occurred before."""
    repeats = np.ones(len(grams), dtype=bool)
    repeats[np.unique(grams, return_index=True)[1]] = False
    return covered_fraction(repeats, n, lengths)


def covered_fraction(starts: np.ndarray, n: int, lengths: np.ndarray) -> float:
    """The fraction of characters in the words that n-grams cover; ``starts``: (num_words - n + 1,) bool."""
    covered = np.zeros(len(lengths), dtype=bool)
    for offset in range(n):
        covered[offset : offset + len(starts)] |= starts
    return float(lengths[covered].sum() / lengths.sum())
