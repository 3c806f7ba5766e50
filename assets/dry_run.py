"""What ``train`` would make, and how it would train next, without doing either."""

from collections.abc import Iterator

from assets.commands.opened import run_and_step
from assets.definitions import project_steps
from assets.materialise import targets, with_bases
from assets.project import Project
from assets.step import closure, outdated
from training.declared.recipe import Recipe
from training.launching.dry_run import beginning_at, dry_run, planned_run
from training.runs.branch import Optimizer, branching


def show(
    project: Project, recipe: Recipe, phases: list[str], beginning: str | None, optimizer: Optimizer
) -> Iterator[str]:
    """Lines on what is not current, and on the training of the recipe's newest manifest, branched off where said.

    Raises:
        PhaselineError: the run cannot begin with the checkpoint that ``beginning`` names.
    """
    looking = project.looking()
    arms = [] if recipe in project.presets else with_bases(project, recipe)
    to_make = [step.asset for step in outdated(closure(project_steps(looking, arms), targets(recipe, phases)))]
    yield f"would make: {', '.join(to_make) or 'nothing, all is current'}"
    name = f"manifests/{recipe.name}"
    manifest = project.store.latest(name)
    if manifest is None:
        yield f"{name} is not compiled yet: `phaseline manifest {recipe.name}`, then this shows how it is trained"
        return
    if name in to_make:
        yield f"{name} would be compiled anew; by {manifest.name}:"
    run = planned_run(looking.store, manifest)
    if beginning is not None:
        run = beginning_at(
            run, branching(looking.store, run, *run_and_step(looking.store, beginning), optimizer, print)
        )
    yield from dry_run(looking.store, run, project.trainer)
