"""Why a record was dropped."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rejection:
    """``reason`` is what is counted; ``detail`` gives the rule's value and its bound, for people."""

    reason: str
    detail: str
