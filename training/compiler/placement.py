"""Where phases end, in whole steps, from what a recipe declares."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import PhaselineError
from training.declared.recipe import End, Phase, Recipe
from training.schedule import Schedule


@dataclass(frozen=True)
class Placed:
    """A phase in whole steps."""

    name: str
    num_steps: int
    sequence_length: int
    global_batch_size: int

    @property
    def num_samples(self) -> int:
        return self.num_steps * self.global_batch_size

    @property
    def num_tokens(self) -> int:
        return self.num_samples * self.sequence_length


def horizon(recipe: Recipe) -> int:
    """The tokens of the run in whole steps of the recipe's own sequence length and batch."""
    per_step = recipe.sequence_length * recipe.global_batch_size
    return recipe.tokens // per_step * per_step


def place(recipe: Recipe, schedule: Schedule | None, where: str) -> list[Placed]:
    """The phases in whole steps: each ends at the whole step nearest to its declared end, the last before the run's.

    Args:
        schedule: the recipe's over its horizon, for ends at a learning rate; None if each phase has its own.

    Raises:
        PhaselineError: a phase ends before it begins or holds no whole step, or the rate never falls to its end.
    """
    placed: list[Placed] = []
    tokens_done = samples_done = 0
    for number, phase in enumerate(recipe.phases):
        length, batch = recipe.sequence_length_of(phase), recipe.global_batch_size_of(phase)
        field = f"{where}: phases.{phase.name}"
        if phase.until is None:
            num_steps = (horizon(recipe) - tokens_done) // (length * batch)
        elif phase.until.samples is not None:
            num_steps = round((phase.until.samples - samples_done) / batch)
        else:
            end = end_in_tokens(recipe, phase.until, schedule, field)
            num_steps = round((end - tokens_done) / (length * batch))
        if num_steps < 1:
            raise PhaselineError(
                f"{field} has no whole step: it begins at {tokens_done:,} tokens, a step takes {length * batch:,}, "
                f"and it ends at {describe_end(recipe, phase)}",
                "move its end or that of the phase before it, raise tokens, or lower global_batch_size",
            )
        placed.append(Placed(phase.name, num_steps, length, batch))
        tokens_done += num_steps * length * batch
        samples_done += num_steps * batch
        if tokens_done > horizon(recipe) or (number + 1 < len(recipe.phases) and tokens_done == horizon(recipe)):
            raise PhaselineError(
                f"{field} ends at {tokens_done:,} tokens, and the run at {horizon(recipe):,}",
                "let it end earlier, or raise tokens",
            )
    return placed


def end_in_tokens(recipe: Recipe, end: End, schedule: Schedule | None, field: str) -> float:
    """A declared end as tokens from the beginning of the run."""
    total = horizon(recipe)
    if end.tokens is not None:
        return end.tokens
    if end.fraction is not None:
        return end.fraction * total
    if end.tokens_before_end is not None:
        return total - end.tokens_before_end
    if end.fraction_before_end is not None:
        return total - end.fraction_before_end * total
    assert end.lr_below is not None
    if schedule is None:
        raise PhaselineError(
            f"{field}.until.lr_below: the phases have schedules of their own", "give the recipe one, or another end"
        )
    try:
        return schedule.tokens_at(end.lr_below * schedule.peak_lr)
    except PhaselineError as error:
        raise PhaselineError(f"{field}.until.lr_below: {end.lr_below}: {error.what}", error.remedy) from error


def describe_end(recipe: Recipe, phase: Phase) -> str:
    """A declared end in words."""
    if phase.until is None:
        return f"the run's end, {horizon(recipe):,} tokens"
    return ", ".join(f"{name} {value}" for name, value in phase.until if value is not None)


def exhaust(recipe: Recipe, windows: Sequence[Sequence[int]], where: str) -> tuple[list[Placed], list[list[int]]]:
    """Phases that each read their sources once. What does not fill a step goes to the next phase.

    Args:
        windows: for each phase, the windows of every source that it is to read.

    Returns:
        the phases, and the samples of each source in each of them.
    """
    length, batch = recipe.sequence_length, recipe.global_batch_size
    placed, samples = [], []
    left = [0] * len(windows[0])
    for phase, own in zip(recipe.phases, windows, strict=True):
        wanted = [before + now for before, now in zip(left, own, strict=True)]
        num_steps = sum(wanted) // batch
        if num_steps < 1:
            raise PhaselineError(
                f"{where}: phases.{phase.name} has no whole step: its sources hold {sum(own)} windows of {length} "
                f"tokens and a step takes {batch}",
                "widen its blend, or lower global_batch_size or sequence_length",
            )
        taken = apportion(wanted, num_steps * batch)
        left = [want - take for want, take in zip(wanted, taken, strict=True)]
        placed.append(Placed(phase.name, num_steps, length, batch))
        samples.append(taken)
    return placed, samples


def apportion(wanted: Sequence[int], total: int) -> list[int]:
    """``total`` of the wanted samples, in proportion, by largest remainder; ``total`` is at most their sum."""
    everything = sum(wanted)
    taken = [want * total // everything for want in wanted]
    remainders = sorted(range(len(wanted)), key=lambda index: -(wanted[index] * total % everything))
    for index in remainders[: total - sum(taken)]:
        taken[index] += 1
    return taken
