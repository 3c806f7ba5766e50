"""The chain behind a checkpoint: the stretches of manifests whose steps it went through, whichever runs they were."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.store import Store
from training.manifest import Manifest, StartReference
from training.runs.run import Run, find_base, open_run


@dataclass(frozen=True)
class Stretch:
    """The steps [first_step, end_step) of a manifest; ``name`` is recipe@version, ``folder`` its artifact's."""

    name: str
    manifest: Manifest
    folder: Path
    first_step: int
    end_step: int


def chain(store: Store, run: Run, step: int) -> list[Stretch]:
    """The stretches whose steps lie behind the checkpoint of a run after ``step`` steps, oldest first.

    Without a base it is one stretch, [0, step) of the run's manifest, also where the run began in a trunk: both plans
    say the same of those steps. A run of another manifest that this one branched off, or started from, comes before it.

    Raises:
        PhaselineError: a run that this one started from or began in is gone.
    """
    beginning = run.declaration.beginning
    if beginning is None or beginning.difference is None:
        return [*chain_of_start(store, run.manifest), own_stretch(run, 0, step)]
    before = chain(store, open_run(store, beginning.run), min(step, beginning.step))
    return before if step <= beginning.step else [*before, own_stretch(run, beginning.step, step)]


def first_own_step(run: Run) -> int:
    """The first step that the run's own manifest answers for: all of them do, unless it branched off another plan."""
    beginning = run.declaration.beginning
    return beginning.step if beginning is not None and beginning.difference is not None else 0


def chain_of_start(store: Store, manifest: Manifest) -> list[Stretch]:
    """What lies behind the checkpoint that a manifest starts from; nothing where it is none of this system's."""
    start = manifest.start
    return chain(store, find_base(store, start), start.step) if isinstance(start, StartReference) else []


def own_stretch(run: Run, first_step: int, end_step: int) -> Stretch:
    name = run.artifact.name.removeprefix("manifests/")
    return Stretch(name, run.manifest, run.artifact.folder, first_step, end_step)
