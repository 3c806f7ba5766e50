"""Gopher's rules of quality: Rae et al. 2021, "Scaling Language Models" (arXiv:2112.11446), appendix A.1.1."""

from typing import ClassVar

from pipelines.declared import Declared
from pipelines.filters.rules import Rule

BULLETS = ("•", "‣", "▪", "●", "◦", "-", "*")

# The paper names the English words; the others are the most frequent function words of their languages.
STOP_WORDS = {
    "en": frozenset({"the", "be", "to", "of", "and", "that", "have", "with"}),
    "de": frozenset({"der", "die", "das", "und", "in", "zu", "den", "von", "mit", "ist", "nicht", "ein", "für", "auf"}),
    "fr": frozenset({"le", "la", "les", "de", "des", "et", "en", "un", "une", "est", "que", "pour", "dans", "qui"}),
    "es": frozenset({"el", "la", "los", "las", "de", "y", "en", "un", "una", "que", "es", "por", "con", "para"}),
    "it": frozenset({"il", "la", "i", "le", "di", "e", "in", "un", "una", "che", "è", "per", "con", "del"}),
    "pt": frozenset({"o", "a", "os", "as", "de", "e", "em", "um", "uma", "que", "é", "para", "com", "do", "da"}),
    "nl": frozenset({"de", "het", "een", "en", "van", "in", "is", "dat", "op", "te", "met", "voor"}),
}


class GopherQuality(Declared):
    """Bounds on a document's words and lines; None switches a bound off.

    Words are what spaces separate. ``min_stop_words`` is asked of the languages whose stop words are known.
    """

    min_words: int | None = 50
    max_words: int | None = 100_000
    min_mean_word_length: float | None = 3
    max_mean_word_length: float | None = 10
    max_symbols_per_word: float | None = 0.1
    max_bullet_lines: float | None = 0.9
    max_ellipsis_lines: float | None = 0.3
    min_alphabetic_words: float | None = 0.8
    min_stop_words: int | None = 2

    RULES: ClassVar = (
        Rule("gopher_quality.min_words", "num_words", "gopher_too_few_words"),
        Rule("gopher_quality.max_words", "num_words", "gopher_too_many_words"),
        Rule("gopher_quality.min_mean_word_length", "mean_word_length", "gopher_short_words"),
        Rule("gopher_quality.max_mean_word_length", "mean_word_length", "gopher_long_words"),
        Rule("gopher_quality.max_symbols_per_word", "symbols_per_word", "gopher_symbols"),
        Rule("gopher_quality.max_bullet_lines", "bullet_lines", "gopher_bullets"),
        Rule("gopher_quality.max_ellipsis_lines", "ellipsis_lines", "gopher_ellipses"),
        Rule("gopher_quality.min_alphabetic_words", "alphabetic_words", "gopher_alphabetic_words"),
        Rule("gopher_quality.min_stop_words", "num_stop_words", "gopher_stop_words"),
    )
