"""The learning rate as a pure function of the tokens done, and its inverse."""

import bisect
import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.declared import Declared
from pipelines.errors import PhaselineError

DecayShape = Literal["linear", "cosine", "one_minus_sqrt"]
Shape = Literal["constant", "inverse_sqrt", DecayShape]


class Piece(Declared):
    """A stretch of tokens over which the rate goes from ``from_lr`` to ``to_lr`` in one shape.

    With progress p in (0, 1], the share of the way from ``from_lr`` to ``to_lr`` that is still ahead is:

    - linear: 1 - p
    - cosine: (1 + cos(pi p)) / 2 (Loshchilov and Hutter, arXiv:1608.03983)
    - one_minus_sqrt: 1 - sqrt(p) (Hägele et al., arXiv:2405.18392)

    In an inverse_sqrt piece 1 / rate² is linear in p. That is from_lr / sqrt(1 + tokens / timescale), which falls so in
    Vaswani et al., arXiv:1706.03762, where the timescale is the warm-up, and in Zhai et al., arXiv:2106.04560, where it
    is free; the piece's length and both its rates say which timescale it is.
    """

    start_tokens: Annotated[int, Field(ge=0)]
    end_tokens: int
    shape: Shape
    from_lr: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    to_lr: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _has_a_length(self) -> "Piece":
        if self.end_tokens <= self.start_tokens:
            raise ValueError(f"it ends at {self.end_tokens:,} tokens and starts at {self.start_tokens:,}")
        return self

    def lr(self, tokens_done: int) -> float:
        """The rate of the step after which ``tokens_done`` tokens are done, in (start_tokens, end_tokens]."""
        progress = (tokens_done - self.start_tokens) / (self.end_tokens - self.start_tokens)
        if self.shape == "inverse_sqrt":
            return self.to_lr / math.sqrt(progress + (1 - progress) * (self.to_lr / self.from_lr) ** 2)
        return self.to_lr + (self.from_lr - self.to_lr) * _ahead(self.shape, progress)

    def tokens_at(self, lr: float) -> int | None:
        """The first token count of the piece at which the rate is at or below ``lr``; None where there is none."""
        first = self.start_tokens + 1
        if self.lr(first) <= lr:
            return first
        if self.lr(self.end_tokens) > lr:
            return None
        after_first = range(first, self.end_tokens)
        return first + bisect.bisect_left(after_first, True, key=lambda tokens_done: self.lr(tokens_done) <= lr)


class Schedule(Declared):
    """Pieces without gaps from 0 to the run's last token. A place on a border belongs to the piece that ends there."""

    pieces: Annotated[tuple[Piece, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_no_gaps(self) -> "Schedule":
        place = 0
        for piece in self.pieces:
            if piece.start_tokens != place:
                raise ValueError(f"a piece starts at {piece.start_tokens:,} tokens, not at {place:,}")
            place = piece.end_tokens
        return self

    @property
    def total_tokens(self) -> int:
        return self.pieces[-1].end_tokens

    @property
    def peak_lr(self) -> float:
        """The highest rate."""
        return max(max(piece.from_lr, piece.to_lr) for piece in self.pieces)

    @property
    def final_lr(self) -> float:
        """The rate of the last step."""
        return self.pieces[-1].to_lr

    def lr(self, tokens_done: int) -> float:
        """The rate that the optimizer uses at the step after which ``tokens_done`` tokens are done.

        Raises:
            IndexError: not in [1, total_tokens].
        """
        if not 1 <= tokens_done <= self.total_tokens:
            raise IndexError(f"{tokens_done} tokens are outside of [1, {self.total_tokens}]")
        place = bisect.bisect_left(self.pieces, tokens_done, key=lambda piece: piece.end_tokens)
        return self.pieces[place].lr(tokens_done)

    def tokens_at(self, lr: float) -> int:
        """The first token count after the peak is last reached at which the rate is at or below ``lr``.

        Exact to the token: ``self.lr(tokens) <= lr < self.lr(tokens - 1)``, where the rate falls without a jump.

        Raises:
            PhaselineError: the rate never falls, or never to ``lr``; names the range that is reachable.
        """
        falling = list(self._after_the_peak())
        lowest = min((min(piece.lr(piece.start_tokens + 1), piece.to_lr) for piece in falling), default=self.peak_lr)
        if lowest == self.peak_lr:
            raise PhaselineError(
                f"the learning rate never falls from {self.peak_lr:g}, so it is never at or below {lr:g}",
                "give a place in tokens or as a fraction, or choose a schedule that falls",
            )
        if not lowest <= lr < self.peak_lr:
            raise PhaselineError(
                f"the learning rate falls from {self.peak_lr:g} to {lowest:g} only; it never falls to {lr:g}",
                f"name a rate below {self.peak_lr:g} and not below {lowest:g}, or lower the schedule's final_lr_ratio",
            )
        return next(tokens for piece in falling if (tokens := piece.tokens_at(lr)) is not None)

    def _after_the_peak(self) -> Iterator[Piece]:
        """The pieces after the last place at which the rate is highest."""
        peak_lr = self.peak_lr
        peak_at = max(
            piece.end_tokens if piece.to_lr == peak_lr else piece.start_tokens
            for piece in self.pieces
            if peak_lr in (piece.from_lr, piece.to_lr)
        )
        return (piece for piece in self.pieces if piece.start_tokens >= peak_at)


def _ahead(shape: Shape, progress: float) -> float:
    """The share of the way between both rates that is still ahead, from 1 at progress 0 to exactly 0 at progress 1."""
    match shape:
        case "linear":
            return 1 - progress
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * progress))
        case "one_minus_sqrt":
            return 1 - math.sqrt(progress)
    return 0.0  # constant
