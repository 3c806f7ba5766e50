"""Which checkpoints are kept.

For ever: the one before training, those at phase boundaries, those that an amendment found, and those that another run
began with. Of the others only the newest, so that one that is altered costs the steps between two of them.
"""

import shutil
from pathlib import Path

from pipelines.record import RECORD
from training.runs.checkpoints import boundaries, own_steps, step_folder
from training.runs.run import Run, steps_begun_with


def remove_superseded(run: Run, keep_newest: int) -> None:
    """Remove the checkpoints that are not kept for ever, but for the newest ``keep_newest``."""
    kept = boundaries(run.manifest).keys() | steps_begun_with(run)
    passing = [step for step in own_steps(run) if step > run.declaration.amended_at and step not in kept]
    for step in passing[:-keep_newest]:
        remove(step_folder(run, step))


def remove(folder: Path) -> None:
    """Remove a checkpoint, its record first, so that a kill between leaves nothing that counts."""
    (folder / RECORD).unlink()
    shutil.rmtree(folder)
