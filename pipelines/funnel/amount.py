"""How much there is of something, in the three units of a corpus."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """Documents, the bytes of their texts, and their tokens; ``num_tokens`` is None where they cannot be told.

    Records that gave no text count with the bytes that were read of them, and with no tokens.
    """

    num_documents: int = 0
    num_bytes: int = 0
    num_tokens: int | None = 0

    def __add__(self, other: "Amount") -> "Amount":
        return self._with(other, 1)

    def __sub__(self, other: "Amount") -> "Amount":
        return self._with(other, -1)

    def _with(self, other: "Amount", sign: int) -> "Amount":
        known = self.num_tokens is not None and other.num_tokens is not None
        return Amount(
            self.num_documents + sign * other.num_documents,
            self.num_bytes + sign * other.num_bytes,
            (self.num_tokens or 0) + sign * (other.num_tokens or 0) if known else None,
        )
