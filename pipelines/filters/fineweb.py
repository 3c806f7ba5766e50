"""FineWeb's own rules: Penedo et al. 2024, "The FineWeb Datasets" (arXiv:2406.17557), section 3.6.

Line breaks for each word are a rule of the published code (datatrove's FineWebQualityFilter) alone, which also bounds
characters in duplicated lines by 0.01 where the paper has 0.1.
"""

from typing import ClassVar

from pipelines.declared import Declared
from pipelines.filters.rules import Rule

SHORT_LINE_CHARACTERS = 30


class FineWeb(Declared):
    """Bounds on a document's lines; None switches a bound off.

    ``min_punctuated_lines`` is the fraction of lines that end in a mark that ends sentences in some script;
    ``max_short_lines`` the fraction of at most 30 characters; ``max_line_breaks_per_word`` tells lists from prose.
    """

    min_punctuated_lines: float | None = 0.12
    max_short_lines: float | None = 0.67
    max_duplicate_line_characters: float | None = 0.1
    max_line_breaks_per_word: float | None = 0.3

    RULES: ClassVar = (
        Rule("fineweb.min_punctuated_lines", "punctuated_lines", "fineweb_punctuation"),
        Rule("fineweb.max_short_lines", "short_lines", "fineweb_short_lines"),
        Rule("fineweb.max_duplicate_line_characters", "duplicate_line_characters", "fineweb_duplicate_line_characters"),
        Rule("fineweb.max_line_breaks_per_word", "line_breaks_per_word", "fineweb_line_breaks"),
    )
