"""What ``train`` would make, and how it would train next, without doing either."""

from collections.abc import Iterator

from assets.definitions import project_steps
from assets.materialise import targets, with_bases
from assets.project import Project
from assets.step import closure, outdated
from training.declared.recipe import Recipe
from training.launching.dry_run import dry_run


def show(project: Project, recipe: Recipe, phases: list[str]) -> Iterator[str]:
    """Lines on what is not current, and on the training of the recipe's newest manifest."""
    looking = project.looking()
    arms = [] if recipe in project.presets else with_bases(project, recipe)
    to_make = [step.asset for step in outdated(closure(project_steps(looking, arms), targets(recipe, phases)))]
    yield f"would make: {', '.join(to_make) or 'nothing, all is current'}"
    name = f"manifests/{recipe.name}"
    manifest = project.store.latest(name)
    if manifest is None:
        yield f"{name} is not compiled yet; afterwards --dry-run shows how it is trained"
        return
    if name in to_make:
        yield f"{name} would be compiled anew; by {manifest.name}:"
    yield from dry_run(looking.store, manifest, project.trainer)
