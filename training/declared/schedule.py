"""What a recipe declares about its learning rate, and its compilation to pieces in tokens."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from pipelines.declared import Declared
from pipelines.errors import PhaselineError
from training.schedule import DecayShape, Piece, Shape

PeakRate = Annotated[float, Field(gt=0, allow_inf_nan=False)] | Literal["from_checkpoint"]
Ratio = Annotated[float, Field(ge=0, le=1)]


class Extent(Declared):
    """A length: so many tokens, or a fraction of those that the schedule spans."""

    ways: ClassVar[tuple[str, ...]] = ("tokens", "fraction")

    tokens: Annotated[int, Field(gt=0)] | None = None
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Extent":
        given = [way for way in self.ways if getattr(self, way) is not None]
        if len(given) != 1:
            raise ValueError(f"gives {' and '.join(given) or 'no length'}; give exactly one of {', '.join(self.ways)}")
        return self

    def num_tokens(self, total_tokens: int) -> int:
        """The length in tokens; at least one."""
        if self.tokens is not None:
            return self.tokens
        # As it is written in decimal, and rounded down: fractions that sum to 1 never exceed the run.
        return max(1, int(Fraction(str(self.fraction)) * total_tokens))


class Decay(Extent):
    """The fall at the end: its length as an extent, or given by the phase with which it begins, and its shape."""

    ways: ClassVar[tuple[str, ...]] = (*Extent.ways, "from_phase")

    from_phase: str | None = None
    shape: DecayShape


class WarmedUp(Declared):
    """What every kind declares: its highest rate, and a linear warm-up from 0 to it.

    ``from_checkpoint`` stands for the last rate of the run that the checkpoint is from.
    """

    peak_lr: PeakRate
    warmup: Extent | None = None


class ConstantSchedule(WarmedUp):
    """The peak rate to the end."""

    kind: Literal["constant"]


class CosineSchedule(WarmedUp):
    """Half a cosine from the warm-up's end to the run's (Loshchilov and Hutter, arXiv:1608.03983, without restarts)."""

    kind: Literal["cosine"]
    final_lr_ratio: Ratio


class LinearSchedule(WarmedUp):
    """A straight line from the warm-up's end to the run's."""

    kind: Literal["linear"]
    final_lr_ratio: Ratio


class InverseSqrtSchedule(WarmedUp):
    """peak_lr / sqrt(1 + tokens after the warm-up / timescale), and a cooldown from there to the final rate.

    With the warm-up as its timescale this is Vaswani et al., arXiv:1706.03762; with a timescale of its own and a linear
    cooldown Zhai et al., arXiv:2106.04560.
    """

    kind: Literal["inverse_sqrt"]
    timescale: Extent | None = None
    cooldown: Decay | None = None
    final_lr_ratio: Ratio | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "InverseSqrtSchedule":
        if self.timescale is None and self.warmup is None:
            raise ValueError("there is no warm-up to take the timescale from; give a timescale")
        if (self.cooldown is None) != (self.final_lr_ratio is None):
            raise ValueError("final_lr_ratio says where the cooldown ends; give both or neither")
        return self


class WarmupStableDecay(WarmedUp):
    """Warm-up, stable, decay (WSD; Hu et al., MiniCPM, arXiv:2404.06395)."""

    kind: Literal["wsd"]
    final_lr_ratio: Ratio
    decay: Decay


ScheduleDeclaration = Annotated[
    ConstantSchedule | CosineSchedule | LinearSchedule | InverseSqrtSchedule | WarmupStableDecay,
    Field(discriminator="kind"),
]


class Span(NamedTuple):
    """Where a schedule lies in the run, in tokens done, and what its messages call it."""

    start: int
    warm: int  # where the warm-up ends
    end: int
    phase_starts: Mapping[str, int]
    where: str


class Turn(NamedTuple):
    """The next piece: its shape, where it ends, and the rate there."""

    shape: Shape
    end: int
    to_lr: float


def compile_schedule(
    declared: ScheduleDeclaration,
    total_tokens: int,
    *,
    peak_lr: float,
    phase_starts: Mapping[str, int],
    where: str,
    start_tokens: int = 0,
) -> list[Piece]:
    """The pieces of a declared schedule from ``start_tokens`` to ``start_tokens + total_tokens``.

    Args:
        total_tokens: the tokens that the schedule spans; fractions are of these.
        peak_lr: the declared rate, or what ``from_checkpoint`` stands for.
        phase_starts: the tokens of the run that are done when a phase begins, by its name; empty where the phases are
            placed by this schedule.
        where: names the declaration in messages, such as ``recipe two_phase: schedule``.
        start_tokens: the tokens of the run that are done when the schedule begins.

    Raises:
        PhaselineError: warm-up and decay do not fit, the decay begins with no placed phase, or a cooldown would rise.
    """
    warmup_tokens = declared.warmup.num_tokens(total_tokens) if declared.warmup else 0
    if warmup_tokens >= total_tokens:
        raise PhaselineError(
            f"{where}.warmup: its {warmup_tokens:,} tokens leave nothing of the schedule's {total_tokens:,}",
            "shorten it",
        )
    span = Span(start_tokens, start_tokens + warmup_tokens, start_tokens + total_tokens, phase_starts, where)
    match declared:
        case ConstantSchedule():
            turns = [Turn("constant", span.end, peak_lr)]
        case CosineSchedule() | LinearSchedule():
            turns = [Turn(declared.kind, span.end, peak_lr * declared.final_lr_ratio)]
        case WarmupStableDecay():
            turns = _stable_decay(declared, span, peak_lr)
        case InverseSqrtSchedule():
            turns = _inverse_sqrt(declared, span, peak_lr)
    warmup = [Turn("linear", span.warm, peak_lr)] if warmup_tokens else []
    return _chain([*warmup, *turns], start_tokens, 0.0 if warmup else peak_lr)


def _stable_decay(declared: WarmupStableDecay, span: Span, peak_lr: float) -> list[Turn]:
    decay = declared.decay
    return [
        Turn("constant", _decay_start(decay, "decay", span), peak_lr),
        Turn(decay.shape, span.end, peak_lr * declared.final_lr_ratio),
    ]


def _inverse_sqrt(declared: InverseSqrtSchedule, span: Span, peak_lr: float) -> list[Turn]:
    """Raises PhaselineError for a cooldown that would rise."""
    cooldown = declared.cooldown
    end = _decay_start(cooldown, "cooldown", span) if cooldown else span.end
    timescale = declared.timescale.num_tokens(span.end - span.start) if declared.timescale else span.warm - span.start
    lr = peak_lr / math.sqrt(1 + (end - span.warm) / timescale)
    fall = Turn("inverse_sqrt", end, lr)
    if cooldown is None or declared.final_lr_ratio is None:
        return [fall]
    final_lr = peak_lr * declared.final_lr_ratio
    if final_lr > lr:
        raise PhaselineError(
            f"{span.where}.final_lr_ratio: the cooldown would rise from {lr:g} to {final_lr:g}",
            f"lower it to at most {lr / peak_lr:.4g}, or begin the cooldown earlier",
        )
    return [fall, Turn(cooldown.shape, span.end, final_lr)]


def _decay_start(decay: Decay, field: str, span: Span) -> int:
    """The tokens done when the decay begins; raises PhaselineError where that is not from the warm-up's end on."""
    if decay.from_phase is None:
        start = span.end - decay.num_tokens(span.end - span.start)
    elif not span.phase_starts:
        raise PhaselineError(
            f"{span.where}.{field}.from_phase: phases end at a learning rate, and so wait for this schedule themselves",
            f"give the {field} in tokens or as a fraction, or let the phases end elsewhere",
        )
    elif decay.from_phase not in span.phase_starts:
        raise PhaselineError(
            f"{span.where}.{field}.from_phase: there is no phase {decay.from_phase!r}",
            f"name one of: {', '.join(span.phase_starts)}",
        )
    else:
        start = span.phase_starts[decay.from_phase]
    if not span.warm <= start < span.end:
        raise PhaselineError(
            f"{span.where}.{field}: it would begin at {start:,} tokens, but must between the warm-up's end at "
            f"{span.warm:,} and the schedule's at {span.end:,}",
            f"shorten the warm-up or the {field}, or begin the {field} with another phase",
        )
    return start


def _chain(turns: list[Turn], place: int, lr: float) -> list[Piece]:
    """Pieces that each begin where the one before ends, at its rate; a turn without length is left out."""
    pieces = []
    for turn in turns:
        if turn.end > place:
            pieces.append(
                Piece(start_tokens=place, end_tokens=turn.end, shape=turn.shape, from_lr=lr, to_lr=turn.to_lr)
            )
            place, lr = turn.end, turn.to_lr
    return pieces
