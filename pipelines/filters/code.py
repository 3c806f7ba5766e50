"""Rules for source code.

Line lengths, the share of letters and digits, and marks of generated files follow Chen et al. 2021 (Codex,
arXiv:2107.03374, section 3.1), Kocetkov et al. 2022 (The Stack, arXiv:2211.15533) and Li et al. 2023 (StarCoder,
arXiv:2305.06161, section 3).
"""

import re
from typing import ClassVar

from pipelines.declared import Declared
from pipelines.filters.rules import Rule

GENERATED = re.compile(
    r"@generated|auto[- ]?generated|generated (?:automatically|by)|automatically generated|do not (?:edit|modify)",
    re.IGNORECASE,
)
HEAD_LINES = 10
VENDORED = re.compile(r"(?:^|/)(?:vendor|vendored|third[-_]party|node_modules|extern|_vendor)/")
MINIFIED = re.compile(r"[.-]min\.(?:js|css)$")


class Code(Declared):
    """Bounds on a source file; None or False switches a rule off. Lengths are in characters.

    ``max_data`` is the greatest fraction of characters in numbers; a table of numbers is data, not code. A mark of
    generated code counts among the first ten lines.
    """

    min_characters: int | None = 100
    max_characters: int | None = 1_000_000
    max_line_length: int | None = 1000
    max_mean_line_length: float | None = 100
    min_alphanumeric: float | None = 0.25
    max_data: float | None = 0.4
    refuse_generated: bool = True
    refuse_minified: bool = True
    refuse_vendored: bool = True

    RULES: ClassVar = (
        Rule("code.refuse_vendored", "is_vendored", "code_vendored", says="its path is that of a vendored library"),
        Rule("code.refuse_minified", "is_minified", "code_minified", says="its name is that of a minified file"),
        Rule("code.min_characters", "num_characters", "code_too_short"),
        Rule("code.max_characters", "num_characters", "code_too_long"),
        Rule("code.refuse_generated", "is_generated", "code_generated", says="its head says that it is generated"),
        Rule("code.max_line_length", "longest_line", "code_long_line"),
        Rule("code.max_mean_line_length", "mean_line_length", "code_mean_line_length"),
        Rule("code.min_alphanumeric", "alphanumeric_characters", "code_alphanumeric"),
        Rule("code.max_data", "number_characters", "code_data"),
    )
