"""Settling a run before it goes on: only checkpoints that training can continue from are left."""

import shutil
from collections.abc import Iterator

from pipelines.errors import PhaselineError
from pipelines.record import RECORD, read_record
from training.runs.checkpoints import ASSETS, own_steps, step_folder, step_folders
from training.runs.retention import remove
from training.runs.run import Run
from training.runs.soundness import Report, altered_file


def settle(run: Run, report: Report) -> None:
    """Leave only checkpoints that training can continue from: the newest one left is sound.

    Folders without a record are half-written and removed, and so is a newest checkpoint that was altered, since
    training passes its step again. To be called by the one process that holds the run for writing.

    Raises:
        PhaselineError: a checkpoint of another run, step, manifest or model lies among them; nothing is removed then.
    """
    for foreign in foreign_checkpoints(run):
        raise foreign
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


def foreign_checkpoints(run: Run) -> Iterator[PhaselineError]:
    """What to tell a user of each checkpoint in a run's folder that is another run's, step's, manifest's or model's.

    One whose record cannot be read is altered, and none of these.
    """
    for step in own_steps(run):
        folder = step_folder(run, step)
        try:
            record = read_record(folder)
        except PhaselineError:
            continue
        remedy = f"move {folder} away"
        if (record.asset, record.version) != (f"{ASSETS}{run.name}", step):
            whose = record.asset.removeprefix(ASSETS)
            yield PhaselineError(f"{folder} is a checkpoint of {whose} at step {record.version}", remedy)
        elif not any(parent in run.declaration.manifests_at(step) for parent in record.parents):
            yield PhaselineError(f"{folder} was trained by another manifest than {run.artifact.name}", remedy)
        elif record.parameters["model"] != run.manifest.model:
            yield PhaselineError(
                f"{folder} is a {record.parameters['model']}, and {run.artifact.name} trains a {run.manifest.model}",
                remedy,
            )
