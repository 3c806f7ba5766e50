"""Branch the run of a recipe off another run, before anything of it is trained."""

from assets.commands.opened import run_and_step
from assets.materialise import materialise
from assets.project import Project
from training.declared.recipe import Recipe
from training.runs.branch import Optimizer, branch
from training.runs.checkpoints import read_checkpoint
from training.runs.run import create_run


def branch_off(project: Project, recipe: Recipe, beginning: str, optimizer: Optimizer) -> None:
    """Publish a recipe's manifest, and declare that its run begins with the checkpoint that ``beginning`` names.

    Raises:
        PhaselineError: there is no such checkpoint, or the run cannot begin with it.
    """
    other, step = run_and_step(project.store, beginning)
    read_checkpoint(other, step)  # refuses one that is missing before anything is made
    materialise(project, recipe, [])
    run = create_run(project.store, project.store.require(f"manifests/{recipe.name}"))
    branch(project.store, run, other, step, optimizer, print)
