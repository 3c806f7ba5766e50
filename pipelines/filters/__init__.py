"""Filters for documents: each rule's thresholds are data, declared by domain.

A rule that is not declared is not applied; a threshold that is not declared is the one of the paper it comes from.
"""

from pipelines.declared import Declared
from pipelines.filters.c4 import C4
from pipelines.filters.candidate import Candidate
from pipelines.filters.code import Code
from pipelines.filters.gopher import GopherQuality
from pipelines.filters.repetition import GopherRepetition
from pipelines.rejection import Rejection


class Filters(Declared):
    """The rules of a domain, applied in this order; the first that rejects a document names the reason."""

    gopher_quality: GopherQuality | None = None
    c4: C4 | None = None
    gopher_repetition: GopherRepetition | None = None
    code: Code | None = None

    def rejection(self, candidate: Candidate) -> Rejection | None:
        """Why a document is dropped, or None if it is kept."""
        for rule in (self.gopher_quality, self.c4, self.gopher_repetition, self.code):
            rejection = rule.rejection(candidate) if rule else None
            if rejection:
                return rejection
        return None
