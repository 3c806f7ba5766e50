"""What a command works on: the project, and a run by its name."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

from pipelines.errors import PhaselineError

if TYPE_CHECKING:
    from assets.project import Project
    from pipelines.store import Store
    from training.runs.run import Run

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def open_project() -> "Project":
    """The project of this repository, with its home where the environment says."""
    from assets.project import Project, default_home

    return Project(default_home())


def newest_run(store: "Store", name: str) -> str:
    """``recipe@version`` as it is; a recipe's name as the run of its newest manifest, or else its newest run.

    Raises:
        PhaselineError: the recipe has no run.
    """
    from training.runs.run import known_runs, run_of

    if "@" in name:
        return name
    manifest = store.latest(f"manifests/{name}")
    run = run_of(store, manifest.record.facts["manifest_digest"]) if manifest else None
    if run is not None:
        return run.name
    known = list(known_runs(store))
    versions = [int(run.partition("@")[2]) for run in known if run.partition("@")[0] == name]
    if not versions:
        raise PhaselineError(
            f"{name} has no run in {store.root}", f"train it, or name one of: {', '.join(known) or 'none'}"
        )
    return f"{name}@{max(versions)}"


def run_and_step(store: "Store", name: str) -> "tuple[Run, int]":
    """The run and step that ``RUN[@STEP]`` names, RUN being a recipe or ``recipe@version``; by default the newest step.

    A step needs the version: ``recipe@version@step``. Whether there is a checkpoint is for the caller to find out.

    Raises:
        PhaselineError: there is no such run, or the step is no number.
    """
    from training.runs.checkpoints import checkpoint_steps
    from training.runs.run import open_run

    recipe, *numbers = name.split("@")
    if len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
        raise PhaselineError(f"{name} names no checkpoint", "name it as RECIPE, RECIPE@VERSION or RECIPE@VERSION@STEP")
    run = open_run(store, newest_run(store, "@".join([recipe, *numbers[:1]])))
    return run, int(numbers[1]) if len(numbers) == 2 else max(checkpoint_steps(run), default=0)
