"""The schedule of a run in pieces: the recipe's own, or those of its phases one after the other."""

import itertools
from collections.abc import Mapping, Sequence

from pipelines.errors import PhaselineError
from training.compiler.placement import Placed, horizon
from training.declared.recipe import Recipe
from training.declared.schedule import ScheduleDeclaration, compile_schedule
from training.schedule import Piece, Schedule


def provisional_schedule(recipe: Recipe, checkpoint_lr: float | None) -> Schedule | None:
    """The recipe's schedule before phases are placed, for those that end at a learning rate; None where none does."""
    by_rate = any(phase.until is not None and phase.until.lr_below is not None for phase in recipe.phases)
    if not by_rate or recipe.schedule is None:
        return None
    pieces = pieces_of(recipe.schedule, f"recipe {recipe.name}: schedule", horizon(recipe), 0, checkpoint_lr, {})
    return Schedule(pieces=tuple(pieces))


def run_schedule(recipe: Recipe, placed: Sequence[Placed], checkpoint_lr: float | None) -> Schedule:
    """The schedule over placed phases.

    Args:
        checkpoint_lr: the last rate of the run that this one starts from, if it does.

    Raises:
        PhaselineError: warm-up and decay do not fit, or a rate is to be a checkpoint's and there is none.
    """
    ends = list(itertools.accumulate(phase.num_tokens for phase in placed))
    starts = dict(zip([phase.name for phase in placed], [0, *ends[:-1]], strict=True))
    where = f"recipe {recipe.name}"
    if recipe.schedule is not None:
        pieces = pieces_of(recipe.schedule, f"{where}: schedule", ends[-1], 0, checkpoint_lr, starts)
        return Schedule(pieces=tuple(pieces))
    pieces = []
    for declared, phase in zip(recipe.phases, placed, strict=True):
        assert declared.schedule is not None, "the recipe was validated"
        field = f"{where}: phases.{phase.name}.schedule"
        pieces += pieces_of(declared.schedule, field, phase.num_tokens, starts[phase.name], checkpoint_lr, starts)
    return Schedule(pieces=tuple(pieces))


def pieces_of(
    declared: ScheduleDeclaration,
    where: str,
    total_tokens: int,
    start_tokens: int,
    checkpoint_lr: float | None,
    phase_starts: Mapping[str, int],
) -> list[Piece]:
    """A declared schedule in pieces; raises PhaselineError where its rate is a checkpoint's and there is none."""
    peak_lr = checkpoint_lr if declared.peak_lr == "from_checkpoint" else declared.peak_lr
    if peak_lr is None:
        raise PhaselineError(
            f"{where}.peak_lr: from_checkpoint, but the recipe starts from no run", "give a rate, or start from one"
        )
    return compile_schedule(
        declared, total_tokens, peak_lr=peak_lr, phase_starts=phase_starts, where=where, start_tokens=start_tokens
    )
