"""Settling a run before it goes on: only checkpoints that training can continue from are left."""

import shutil

from pipelines.errors import PhaselineError
from pipelines.record import RECORD, Record, read_record
from training.runs.checkpoints import ASSETS, own_steps, step_folder, step_folders
from training.runs.retention import remove
from training.runs.run import Run
from training.runs.soundness import Report, altered_file


def settle(run: Run, report: Report) -> None:
    """Leave only checkpoints that training can continue from: the newest one left is sound.

    Folders without a record are half-written and removed, and so is a newest checkpoint that was altered, since
    training passes its step again. To be called by the one process that holds the run for writing.

    Raises:
        PhaselineError: a checkpoint of another run, manifest or step lies among them; nothing is removed then.
    """
    for step in own_steps(run):
        refuse_foreign(run, step)
    for step, folder in step_folders(run.folder).items():
        if not (folder / RECORD).is_file():
            report(f"the checkpoint at step {step} was not finished; removed")
            shutil.rmtree(folder)
    for step in reversed(own_steps(run)):
        folder = step_folder(run, step)
        altered = altered_file(folder, report)
        if altered is None:
            return
        report(f"the checkpoint at step {step} was altered ({altered}); removed, an earlier one is used")
        remove(folder)


def refuse_foreign(run: Run, step: int) -> None:
    """Raise PhaselineError for a checkpoint that someone copied into the run's folder; an unreadable one is altered."""
    folder = step_folder(run, step)
    try:
        record = read_record(folder)
    except PhaselineError:
        return
    foreign = foreign_origin(run, step, record)
    if foreign is not None:
        raise PhaselineError(
            f"{folder} holds {foreign}, and run {run.name} cannot go on from it",
            f"move it out of {run.checkpoints}",
        )


def foreign_origin(run: Run, step: int, record: Record) -> str | None:
    """Where a checkpoint comes from, where that is not this run at this step; None where it is."""
    if (record.asset, record.version) != (f"{ASSETS}{run.name}", step):
        return f"the checkpoint of {record.asset.removeprefix(ASSETS)} at step {record.version}"
    followed = [run.declaration.manifest, *(amendment.manifest for amendment in run.declaration.amendments)]
    manifest = record.parents[0]
    if manifest not in followed:
        name = manifest.asset.removeprefix("manifests/")
        return f"a checkpoint of {name}@{manifest.version} (content {manifest.digest[:12]})"
    return None
