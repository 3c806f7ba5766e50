"""A run's checkpoints: step folders that count only with a record, which is written after everything else in them."""

import re
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.record import RECORD, Parent, read_record
from pipelines.store import Artifact, Store
from training.manifest import Manifest
from training.runs.run import CHECKPOINTS, Run, folder_at, folders_behind, open_run
from training.runs.soundness import Report, altered_file, refuse_changed, silently

START = "start"  # the name of the checkpoint before training
ASSETS = "checkpoints/"  # and the run's name; a checkpoint's version is its step


def boundaries(manifest: Manifest) -> dict[int, str]:
    """The steps whose checkpoints are kept for ever: ``start`` at 0, and each phase's name where it ends."""
    return {0: START} | {phase.end_step: phase.name for phase in manifest.phases}


def step_folder(run: Run, step: int) -> Path:
    """Where this run saves its checkpoint after ``step`` steps; the name is torchtitan's."""
    return run.checkpoints / f"step-{step}"


def checkpoint_folder(run: Run, step: int) -> Path:
    """Where the checkpoint after ``step`` steps lies, also where that was before the run's beginning in another run."""
    return folder_at(run, step) / CHECKPOINTS / f"step-{step}"


def checkpoint_steps(run: Run) -> list[int]:
    """The steps that have a recorded checkpoint, ascending, those before its beginning in another run included."""
    return sorted(step for folder, steps in folders_behind(run) for step in recorded_steps(folder) if step in steps)


def own_steps(run: Run) -> list[int]:
    """The steps that have a recorded checkpoint in the run's own folder, ascending."""
    return recorded_steps(run.folder)


def recorded_steps(run_folder: Path) -> list[int]:
    """The steps that have a recorded checkpoint in a run's folder, ascending."""
    return sorted(step for step, folder in step_folders(run_folder).items() if (folder / RECORD).is_file())


def step_folders(run_folder: Path) -> dict[int, Path]:
    """Every step folder in a run's folder, recorded or not."""
    paths = sorted((run_folder / CHECKPOINTS).glob("step-*"))
    matches = [(re.fullmatch(r"step-(\d+)", path.name), path) for path in paths]
    return {int(match[1]): path for match, path in matches if match}


def get_checkpoint(run: Run, step: int, report: Report = silently) -> Artifact:
    """The checkpoint after ``step`` steps as an artifact; ``report`` is told how far its files are read.

    Raises:
        PhaselineError: there is none, or a file of it has changed since it was written.
    """
    checkpoint = read_checkpoint(run, step)
    refuse_changed(checkpoint, report)
    return checkpoint


def read_checkpoint(run: Run, step: int) -> Artifact:
    """The checkpoint after ``step`` steps, its files unread.

    Raises:
        PhaselineError: there is none, or it was one of a run that this one began in and that is gone.
    """
    folder = checkpoint_folder(run, step)
    if step not in checkpoint_steps(run):
        known = ", ".join(map(str, checkpoint_steps(run))) or "none"
        raise PhaselineError(f"run {run.name} has no checkpoint at step {step}", f"train up to it, or name: {known}")
    return Artifact(folder, read_record(folder))


def find_artifact(store: Store, parent: Parent) -> Artifact:
    """What a record names as its parent, a checkpoint included; raises PhaselineError if its content is another's."""
    if not parent.asset.startswith(ASSETS):
        return store.find(parent)
    checkpoint = read_checkpoint(open_run(store, parent.asset.removeprefix(ASSETS)), parent.version)
    if checkpoint.digest != parent.digest:
        raise PhaselineError(
            f"{checkpoint.name} has content {checkpoint.digest[:12]}, but was {parent.digest[:12]} when it was used",
            f"restore {checkpoint.folder} from a copy, or train again what was made from it",
        )
    return checkpoint


def has_sound_checkpoint(run: Run, step: int, report: Report = silently) -> bool:
    """Whether the run has a checkpoint after ``step`` steps whose files are what was written.

    Args:
        report: is told how far they are read.
    """
    return step in checkpoint_steps(run) and altered_file(checkpoint_folder(run, step), report) is None


def started_from(run: Run) -> list[Parent]:
    """What this run started from, the checkpoint of another run or a foreign model, as its earliest record names it."""
    beginning = run.declaration.beginning
    if beginning is not None:
        return [beginning.checkpoint]
    records = [read_record(step_folder(run, step)) for step in own_steps(run)[:1]]
    return [parent for record in records for parent in record.parents if parent.asset != run.artifact.asset]
