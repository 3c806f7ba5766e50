"""C4's rules: Raffel et al. 2020, "Exploring the Limits of Transfer Learning" (arXiv:1910.10683), section 2.2.

C4 edits: it removes the lines that break a rule. Here text is published as it was found, so a rule about lines drops
the document in which too many break it.
"""

from typing import ClassVar

from pipelines.declared import Declared
from pipelines.filters.rules import Rule

TERMINAL_PUNCTUATION = (".", "!", "?", '"', "”")
SENTENCE_MARKS = (".", "!", "?")
CLOSING_MARKS = ('"', "'", "”", "’", ")")
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
    "javascript",
)
LOREM_IPSUM = ("lorem ipsum",)


class C4(Declared):
    """Bounds on a document's lines and sentences; None or False switches a rule off.

    A sentence ends with a mark, perhaps closing quotes or brackets, then a space. ``min_terminal_lines`` is the
    fraction of lines that end in punctuation; ``max_policy_lines`` the fraction of lines about JavaScript, cookies and
    terms of use, in capitals or not.
    """

    min_sentences: int | None = 5
    min_terminal_lines: float | None = 0.12
    max_policy_lines: float | None = 0.1
    refuse_curly_brackets: bool = True
    refuse_lorem_ipsum: bool = True

    RULES: ClassVar = (
        Rule("c4.refuse_lorem_ipsum", "num_lorem_ipsum", "c4_lorem_ipsum", says="the text has lorem ipsum"),
        Rule("c4.refuse_curly_brackets", "num_curly_brackets", "c4_curly_brackets", says="the text has {"),
        Rule("c4.min_sentences", "num_sentences", "c4_too_few_sentences"),
        Rule("c4.min_terminal_lines", "terminal_lines", "c4_terminal_punctuation"),
        Rule("c4.max_policy_lines", "policy_lines", "c4_policy_lines"),
    )
