"""Branches: a run that begins on purpose with a checkpoint of another, whether their plans agree or not."""

from collections.abc import Callable
from typing import Literal

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.runs.agreement import differences
from training.runs.beginning import begin_with, in_words, last_common_step
from training.runs.checkpoints import get_checkpoint, own_steps
from training.runs.run import Beginning, Run, open_run
from training.runs.start import refuse_other_model

Optimizer = Literal["loaded", "fresh"]


def branch(store: Store, run: Run, other: Run, step: int, optimizer: Optimizer, report: Callable[[str], None]) -> Run:
    """Let a run that has not begun begin with the checkpoint of another after ``step`` steps, and count on from there.

    A run that began there already stays as it is.

    Raises:
        PhaselineError: the run cannot begin there, see ``branching``.
    """
    beginning = branching(store, run, other, step, optimizer, report)
    if own_steps(run):
        return run
    report(in_words(run, beginning))
    return begin_with(store, run, beginning)


def branching(
    store: Store, run: Run, other: Run, step: int, optimizer: Optimizer, report: Callable[[str], None]
) -> Beginning:
    """What a run would declare that begins with the checkpoint of another after ``step`` steps; nothing is written.

    Raises:
        PhaselineError: the run has begun otherwise; there is no such checkpoint, it was altered or is another model's;
            or the run ends before it, or has a phase that does where the other keeps no checkpoint.
    """
    checkpoint = get_checkpoint(other, step, report)
    base = open_run(store, checkpoint.folder.parents[1].name)  # where it lies, if the other run began after it
    refuse_other_model(run.manifest, base, f"{run.name} is to begin with step {step:,} of {other.name}")
    refuse_step(run, base, step)
    found = differences_of_pasts(run, base, step)
    beginning = Beginning(
        run=base.name,
        step=step,
        digest=checkpoint.digest,
        optimizer=optimizer,
        difference="; ".join(found) or None,
    )
    if own_steps(run):
        refuse_other_beginning(run, beginning)
    return beginning


def refuse_step(run: Run, base: Run, step: int) -> None:
    """Raise PhaselineError for a step that a run cannot begin with."""
    if not 0 < step < run.manifest.total_steps:
        raise PhaselineError(
            f"{run.name} has {run.manifest.total_steps:,} steps, and cannot begin at step {step:,} of {base.name}",
            "name a step of which some are left, and that comes after the first",
        )
    last = last_common_step(run, base, step)
    if last < step:
        phase = run.manifest.phase_at(last - 1).name
        raise PhaselineError(
            f"phase {phase} of {run.name} ends at step {last:,}, of which {base.name} keeps no checkpoint",
            f"begin at a step up to {last:,}, or let the phases of the recipe end where those of {base.name} do",
        )


def differences_of_pasts(run: Run, base: Run, step: int) -> list[str]:
    """How the steps that were done differ from what the run's own manifest plans for them, in words."""
    beginning = base.declaration.beginning
    if beginning is not None and beginning.difference is not None:
        return [f"{base.name} itself branched off {beginning.run} at step {beginning.step:,}"]
    return differences(base.manifest, run.manifest, step)


def refuse_other_beginning(run: Run, wanted: Beginning) -> None:
    """Raise PhaselineError if a run that has begun did so otherwise."""
    begun = run.declaration.beginning
    if begun is None or (begun.run, begun.step, begun.optimizer) != (wanted.run, wanted.step, wanted.optimizer):
        how = f"at step {begun.step:,} of {begun.run}, optimizer {begun.optimizer}" if begun else "on its own"
        raise PhaselineError(
            f"run {run.name} began {how} and stands at step {own_steps(run)[-1]:,}",
            f"leave --from out to go on with it; or copy the recipe under another name, or move {run.folder} away",
        )
