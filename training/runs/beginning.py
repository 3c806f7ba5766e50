"""How a run begins in another: it declares that run's checkpoint, and takes over what was measured before."""

from pipelines.store import Store
from training.runs.checkpoints import boundaries, has_sound_checkpoint, read_checkpoint
from training.runs.rows import read_rows, write_rows
from training.runs.run import Beginning, Run, declare, known_runs, open_run
from training.runs.soundness import Report


def begin_with(store: Store, run: Run, beginning: Beginning) -> Run:
    """Let a run that has no checkpoint of its own begin with one of another run.

    The metrics of the steps before are copied, so that they stay when that run goes.

    Raises:
        PhaselineError: another process trains the run.
    """
    base = open_run(store, beginning.run)
    with run.written():
        for path, own_path in ((base.metrics, run.metrics), (base.spikes, run.spikes)):
            write_rows(own_path, [row for row in read_rows(path) if row["step"] <= beginning.step])
        declare(run.folder, run.declaration.model_copy(update={"beginning": beginning}))
    return open_run(store, run.name)


def begin_anew(store: Store, run: Run) -> Run:
    """Let a run without a checkpoint of its own begin with none; raises PhaselineError if another process trains it."""
    with run.written():
        declare(run.folder, run.declaration.model_copy(update={"beginning": None}))
    return open_run(store, run.name)


def in_words(run: Run, beginning: Beginning) -> str:
    """What a run begins with, and why it may, as a sentence."""
    where = f"{run.name} begins at step {beginning.step:,} of {beginning.run}"
    if not beginning.is_trunk:
        where = f"{where}, optimizer {beginning.optimizer}"
    if beginning.difference is not None:
        return f"{where}: its own plan of the steps before differs: {beginning.difference}"
    return (
        f"{where}: both have the same plan up to there; "
        f"{beginning.step:,} of {run.manifest.total_steps:,} steps are not trained again"
    )


def is_sound(store: Store, beginning: Beginning, report: Report) -> bool:
    """Whether the checkpoint that a run begins with is there, with the content that it had."""
    if beginning.run not in known_runs(store):
        return False
    base = open_run(store, beginning.run)
    return (
        has_sound_checkpoint(base, beginning.step, report)
        and read_checkpoint(base, beginning.step).digest == beginning.digest
    )


def last_common_step(run: Run, base: Run, step: int) -> int:
    """The last step up to ``step`` that a run can begin with: of its own phases' ends before, ``base`` keeps them all.

    Where another run has no checkpoint at a phase's end, this one has to train up to it itself.
    """
    ends = boundaries(run.manifest).keys() - boundaries(base.manifest).keys()
    return min([step, *(end for end in ends if end < step)])
