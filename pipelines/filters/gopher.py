"""Gopher's rules of quality: Rae et al. 2021, "Scaling Language Models" (arXiv:2112.11446), appendix A.1.1."""

from pipelines.declared import Declared
from pipelines.filters.bounds import above, below
from pipelines.filters.candidate import Candidate
from pipelines.rejection import Rejection

BULLETS = ("•", "‣", "▪", "●", "◦", "-", "*")
ELLIPSES = ("…", "...")

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

    def rejection(self, candidate: Candidate) -> Rejection | None:
        words, lines = candidate.words, candidate.lines
        num_words, num_lines = max(len(words), 1), max(len(lines), 1)
        mean_length = sum(map(len, words)) / num_words
        num_symbols = max(candidate.text.count("#"), candidate.text.count("...") + candidate.text.count("…"))
        return (
            below("gopher_too_few_words", len(words), self.min_words)
            or above("gopher_too_many_words", len(words), self.max_words)
            or below("gopher_short_words", mean_length, self.min_mean_word_length)
            or above("gopher_long_words", mean_length, self.max_mean_word_length)
            or above("gopher_symbols", num_symbols / num_words, self.max_symbols_per_word)
            or above("gopher_bullets", sum(x.startswith(BULLETS) for x in lines) / num_lines, self.max_bullet_lines)
            or above("gopher_ellipses", sum(x.endswith(ELLIPSES) for x in lines) / num_lines, self.max_ellipsis_lines)
            or below("gopher_alphabetic_words", sum(map(has_letter, words)) / num_words, self.min_alphabetic_words)
            or self._stop_words(candidate)
        )

    def _stop_words(self, candidate: Candidate) -> Rejection | None:
        stop_words = STOP_WORDS.get(candidate.language)
        if self.min_stop_words is None or stop_words is None:
            return None
        found = stop_words.intersection(map(str.lower, candidate.words))
        return below("gopher_stop_words", len(found), self.min_stop_words)


def has_letter(word: str) -> bool:
    return word.isalpha() or any(map(str.isalpha, word))
