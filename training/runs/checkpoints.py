"""A run's checkpoints: step folders that count only with a record, and what each of them has seen.

A step folder is recorded after everything in it is written. The one before training, those at phase boundaries and
those that an amendment found are kept for ever; of the others only the newest.
"""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.alterations import altered_content, altered_size
from pipelines.errors import PhaselineError
from pipelines.record import (
    RECORD,
    Check,
    Parent,
    Record,
    content_digest,
    describe_files,
    provenance,
    read_record,
    write_record,
)
from pipelines.store import Artifact, Store
from training.bill.bill import bill_of_data
from training.manifest import Manifest
from training.runs.run import Run, open_run

CODE_VERSION = "2"
START = "start"  # the name of the checkpoint before training
ASSETS = "checkpoints/"  # and the run's name; a checkpoint's version is its step


def boundaries(manifest: Manifest) -> dict[int, str]:
    """The steps whose checkpoints are kept for ever: ``start`` at 0, and each phase's name where it ends."""
    return {0: START} | {phase.end_step: phase.name for phase in manifest.phases}


def step_folder(run: Run, step: int) -> Path:
    """Where the checkpoint after ``step`` steps lies; the name is torchtitan's."""
    return run.checkpoints / f"step-{step}"


def checkpoint_steps(run: Run) -> list[int]:
    """The steps that have a recorded checkpoint, ascending."""
    return sorted(step for step, folder in step_folders(run).items() if (folder / RECORD).is_file())


def step_folders(run: Run) -> dict[int, Path]:
    """Every step folder, recorded or not."""
    matches = [(re.fullmatch(r"step-(\d+)", path.name), path) for path in sorted(run.checkpoints.glob("step-*"))]
    return {int(match[1]): path for match, path in matches if match}


def get_checkpoint(run: Run, step: int) -> Artifact:
    """The checkpoint after ``step`` steps as an artifact.

    Raises:
        PhaselineError: there is none, or a file of it has changed since it was written.
    """
    checkpoint = read_checkpoint(run, step)
    refuse_changed(checkpoint)
    return checkpoint


def read_checkpoint(run: Run, step: int) -> Artifact:
    """The checkpoint after ``step`` steps, its files unread; raises PhaselineError where there is none."""
    if step not in checkpoint_steps(run):
        known = ", ".join(map(str, checkpoint_steps(run))) or "none"
        raise PhaselineError(f"run {run.name} has no checkpoint at step {step}", f"train up to it, or name: {known}")
    folder = step_folder(run, step)
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


def refuse_changed(checkpoint: Artifact) -> None:
    """Raise PhaselineError if a file of a checkpoint has changed since it was written."""
    changed = changed_file(checkpoint)
    if changed:
        raise PhaselineError(
            f"{checkpoint.folder / changed} has changed since the checkpoint was written",
            f"restore it from a copy; or remove {checkpoint.folder} and every later step, then train again",
        )


def changed_file(checkpoint: Artifact) -> str | None:
    """The first recorded file that is missing or whose size or SHA-256 differs, or None."""
    for file in checkpoint.record.files:
        path = checkpoint.folder / file.path
        if altered_size(path, file) or altered_content(path, file):
            return file.path
    return None


def has_sound_checkpoint(run: Run, step: int) -> bool:
    """Whether the run has a checkpoint after ``step`` steps whose files are what was written."""
    if step not in checkpoint_steps(run):
        return False
    folder = step_folder(run, step)
    return changed_file(Artifact(folder, read_record(folder))) is None


def settle(run: Run, report: Callable[[str], None]) -> None:
    """Leave only checkpoints that training can continue from: the newest one left is sound.

    Folders without a record are half-written and removed, and so is a newest checkpoint that was altered, since
    training passes its step again. To be called by the one process that holds the run for writing.
    """
    for step, folder in step_folders(run).items():
        if not (folder / RECORD).is_file():
            report(f"the checkpoint at step {step} was not finished; removed")
            shutil.rmtree(folder)
    for step in reversed(checkpoint_steps(run)):
        folder = step_folder(run, step)
        changed = changed_file(Artifact(folder, read_record(folder)))
        if changed is None:
            return
        report(f"the checkpoint at step {step} was altered ({changed}); removed, an earlier one is used")
        remove(folder)


def started_from(run: Run) -> list[Parent]:
    """The checkpoint of another run that this one started from, as its earliest record names it."""
    records = [read_record(step_folder(run, step)) for step in checkpoint_steps(run)[:1]]
    return [parent for record in records for parent in record.parents if parent.asset.startswith(ASSETS)]


def record_checkpoint(run: Run, step: int, seconds: float, start: Sequence[Parent]) -> None:
    """Record a checkpoint whose files are all written, then remove the one that it replaces.

    Args:
        seconds: how long it took to write.
        start: the checkpoint of another run that this one started from, if it did.
    """
    folder = step_folder(run, step)
    files = list(describe_files(folder))
    bill = bill_of_data(run.manifest, step)
    of_sources = sum(source.tokens for source in bill.sources.values())
    phase = run.manifest.phase_at(step - 1).name if step else START
    record = Record(
        asset=f"{ASSETS}{run.name}",
        version=step,
        digest=content_digest(files),
        code_version=CODE_VERSION,
        parameters={"model": run.manifest.model},
        parents=[run.artifact.parent, *start],
        flows={},
        files=files,
        checks=[
            Check(
                name="tokens_conserved",
                passed=of_sources == run.manifest.tokens_done(step),
                detail=f"{of_sources:,} tokens of sources, {run.manifest.tokens_done(step):,} tokens in {step:,} steps",
            )
        ],
        facts={"step": step, "phase": phase, "bill": bill.model_dump(mode="json")},
        provenance=provenance(seconds),
    )
    write_record(folder, record)
    kept = boundaries(run.manifest)
    after_amendment = [step for step in checkpoint_steps(run) if step > run.declaration.amended_at]
    passing = [step for step in after_amendment if step not in kept]
    for earlier in passing[:-1]:
        remove(step_folder(run, earlier))


def remove(folder: Path) -> None:
    """Remove a checkpoint, its record first, so that a kill between leaves nothing that counts."""
    (folder / RECORD).unlink()
    shutil.rmtree(folder)
