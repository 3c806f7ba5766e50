"""Rules for source code.

Line lengths, the share of letters and digits, and marks of generated files follow Chen et al. 2021 (Codex,
arXiv:2107.03374, section 3.1), Kocetkov et al. 2022 (The Stack, arXiv:2211.15533) and Li et al. 2023 (StarCoder,
arXiv:2305.06161, section 3).
"""

import re

from pipelines.declared import Declared
from pipelines.filters.bounds import above, below
from pipelines.filters.candidate import Candidate
from pipelines.rejection import Rejection

GENERATED = re.compile(
    r"@generated|auto[- ]?generated|generated (?:automatically|by)|automatically generated|do not (?:edit|modify)",
    re.IGNORECASE,
)
HEAD_LINES = 10
VENDORED = re.compile(r"(?:^|/)(?:vendor|vendored|third[-_]party|node_modules|extern|_vendor)/")
MINIFIED = re.compile(r"[.-]min\.(?:js|css)$")
ALPHANUMERIC = re.compile(r"[^\W_]")
DATA = re.compile(r"\b(?:0x[0-9a-fA-F]+|\d[\d.]*(?:[eE][+-]?\d+)?)\b")


class Code(Declared):
    """Bounds on a source file; None or False switches a rule off. Lengths are in characters.

    ``max_data`` is the greatest fraction of characters in numbers; a table of numbers is data, not code.
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

    def rejection(self, candidate: Candidate) -> Rejection | None:
        text = candidate.text
        lengths = [len(line) for line in text.split("\n")]
        return (
            self._by_name(candidate.locator)
            or below("code_too_short", len(text), self.min_characters)
            or above("code_too_long", len(text), self.max_characters)
            or self._generated(text)
            or above("code_long_line", max(lengths), self.max_line_length)
            or above("code_mean_line_length", sum(lengths) / len(lengths), self.max_mean_line_length)
            or below("code_alphanumeric", fraction(ALPHANUMERIC, text), self.min_alphanumeric)
            or above("code_data", fraction(DATA, text), self.max_data)
        )

    def _by_name(self, path: str) -> Rejection | None:
        if self.refuse_vendored and VENDORED.search(path):
            return Rejection("code_vendored", path)
        if self.refuse_minified and MINIFIED.search(path):
            return Rejection("code_minified", path)
        return None

    def _generated(self, text: str) -> Rejection | None:
        head = "\n".join(text.split("\n", HEAD_LINES)[:HEAD_LINES])
        mark = GENERATED.search(head) if self.refuse_generated else None
        return Rejection("code_generated", mark.group()) if mark else None


def fraction(pattern: re.Pattern[str], text: str) -> float:
    """The fraction of a text's characters that a pattern matches."""
    return sum(map(len, pattern.findall(text))) / len(text)
