"""Which checkpoints are kept.

For ever: the one before training, those at phase boundaries, those that an amendment found, those that another run
began with, and those that models were made from. Of the others only the newest, so that one that is altered costs the
steps between two of them.
"""

import shutil
from pathlib import Path

from pipelines.record import RECORD
from training.runs.checkpoints import boundaries, own_steps, step_folder
from training.runs.run import Run, folder_at, steps_begun_with

PINS = "pins"  # in a run's folder: an empty file for each pinned step


def remove_superseded(run: Run, keep_newest: int) -> None:
    """Remove the checkpoints that are not kept for ever, but for the newest ``keep_newest``."""
    kept = boundaries(run.manifest).keys() | steps_begun_with(run) | pinned_steps(run)
    passing = [step for step in own_steps(run) if step > run.declaration.amended_at and step not in kept]
    for step in passing[:-keep_newest]:
        remove(step_folder(run, step))


def pin(run: Run, step: int) -> None:
    """Keep the checkpoint after ``step`` steps for ever: something is made from it, whose lineage it is."""
    pins = folder_at(run, step) / PINS
    pins.mkdir(exist_ok=True)
    (pins / str(step)).touch()


def pinned_steps(run: Run) -> set[int]:
    """The steps whose checkpoints were pinned."""
    return {int(path.name) for path in (run.folder / PINS).glob("*")}


def remove(folder: Path) -> None:
    """Remove a checkpoint, its record first, so that a kill between leaves nothing that counts."""
    (folder / RECORD).unlink()
    shutil.rmtree(folder)
