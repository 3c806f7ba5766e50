"""A recipe against the project's store: what it is compiled from."""

from assets.project import Project
from pipelines.corpus import QUADRANTS_ASSET
from pipelines.store import Artifact
from pipelines.tokenizer import TOKENIZER_ASSET
from training.compiler.catalogue import Catalogue, catalogue_of_store
from training.compiler.compile import BaseRun, Compilation, compile_recipe
from training.declared.recipe import Recipe
from training.declared.used_names import selects_quadrants
from training.manifest import Manifest, read_manifest


def parents_of_manifest(project: Project, recipe: Recipe) -> list[str]:
    """The assets that a recipe's manifest depends on."""
    return [
        *(f"shards/{name}" for name in project.shards_of(recipe)),
        TOKENIZER_ASSET,
        *([QUADRANTS_ASSET] if selects_quadrants(recipe) else []),
        *([f"manifests/{recipe.start_from.recipe}"] if recipe.start_from else []),
    ]


def catalogue(project: Project, recipe: Recipe) -> Catalogue:
    """What the recipe can choose from in the project's store; raises PhaselineError for what has not been made."""
    shards = {name: project.store.require(f"shards/{name}") for name in project.shards_of(recipe)}
    quadrants = project.store.require(QUADRANTS_ASSET) if selects_quadrants(recipe) else None
    return catalogue_of_store(shards, project.store.require(TOKENIZER_ASSET), quadrants)


def published_base(project: Project, recipe: Recipe) -> BaseRun | None:
    """The run that a recipe starts from, by its newest published manifest; None where it starts from nothing."""
    if recipe.start_from is None:
        return None
    artifact = project.store.require(f"manifests/{recipe.start_from.recipe}")
    return base_of(recipe, read_manifest(artifact), artifact.name.removeprefix("manifests/"))


def base_of(recipe: Recipe, manifest: Manifest, name: str) -> BaseRun:
    """The place in another recipe's manifest that a recipe starts from."""
    assert recipe.start_from is not None
    phase = recipe.start_from.phase
    return BaseRun(name, manifest, manifest.total_steps if phase is None else manifest.phase(phase).end_step)


def compile_against_store(project: Project, recipe: Recipe) -> Compilation:
    """A recipe compiled in memory; the recipe it starts from likewise, unless that is published."""
    base = None
    if recipe.start_from is not None:
        published: Artifact | None = project.store.latest(f"manifests/{recipe.start_from.recipe}")
        if published is not None:
            base = published_base(project, recipe)
        else:
            other = project.recipes[recipe.start_from.recipe]
            base = base_of(recipe, compile_against_store(project, other).manifest, other.name)
    return compile_recipe(recipe, catalogue(project, recipe), base)
