"""C4's rules: Raffel et al. 2020, "Exploring the Limits of Transfer Learning" (arXiv:1910.10683), section 2.2.

C4 edits: it removes the lines that break a rule. Here text is published as it was found, so a rule about lines drops
the document in which too many break it.
"""

import re

from pipelines.declared import Declared
from pipelines.filters.bounds import above, below
from pipelines.filters.candidate import Candidate
from pipelines.rejection import Rejection

TERMINAL_PUNCTUATION = (".", "!", "?", '"', "”")
SENTENCE_END = re.compile(r"[.!?][\"'”’)]*(?=\s|$)")
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
    "javascript",
)


class C4(Declared):
    """Bounds on a document's lines and sentences; None or False switches a rule off.

    ``min_terminal_lines`` is the fraction of lines that end in punctuation; ``max_policy_lines`` the fraction of lines
    about JavaScript, cookies and terms of use.
    """

    min_sentences: int | None = 5
    min_terminal_lines: float | None = 0.12
    max_policy_lines: float | None = 0.1
    refuse_curly_brackets: bool = True
    refuse_lorem_ipsum: bool = True

    def rejection(self, candidate: Candidate) -> Rejection | None:
        lines = candidate.lines
        num_lines = max(len(lines), 1)
        lowered = candidate.text.lower()
        if self.refuse_lorem_ipsum and "lorem ipsum" in lowered:
            return Rejection("c4_lorem_ipsum", "the text has lorem ipsum")
        if self.refuse_curly_brackets and "{" in candidate.text:
            return Rejection("c4_curly_brackets", "the text has {")
        return (
            below("c4_too_few_sentences", num_sentences(candidate.text), self.min_sentences)
            or below(
                "c4_terminal_punctuation",
                sum(line.endswith(TERMINAL_PUNCTUATION) for line in lines) / num_lines,
                self.min_terminal_lines,
            )
            or above("c4_policy_lines", num_policy_lines(lowered) / num_lines, self.max_policy_lines)
        )


def num_sentences(text: str) -> int:
    """How many times a sentence ends: with a mark, perhaps a closing quote or bracket, then a space."""
    return sum(1 for _ in SENTENCE_END.finditer(text))


def num_policy_lines(lowered: str) -> int:
    """How many lines of a text in lower case speak of what every site speaks of."""
    if not any(phrase in lowered for phrase in POLICIES):
        return 0
    return sum(any(phrase in line for phrase in POLICIES) for line in lowered.split("\n"))
