"""A recipe against the project's store: what it is compiled from."""

from assets.project import Project
from pipelines.corpus import QUADRANTS_ASSET
from pipelines.tokenizer import TOKENIZER_ASSET
from training.base_models.base_model import base_model_asset, reference
from training.compiler.catalogue import Catalogue, catalogue_of_store
from training.compiler.compile import BaseRun, Compilation, compile_recipe
from training.declared.recipe import Recipe, StartFrom
from training.declared.used_names import selects_quadrants
from training.manifest import BaseModelReference, Manifest, read_manifest


def parents_of_manifest(project: Project, recipe: Recipe) -> list[str]:
    """The assets that a recipe's manifest depends on."""
    return [
        *(f"shards/{name}" for name in project.shards_of(recipe)),
        TOKENIZER_ASSET,
        *([QUADRANTS_ASSET] if selects_quadrants(recipe) else []),
        *([f"manifests/{recipe.starts_from_run.recipe}"] if recipe.starts_from_run else []),
        *([base_model_asset(recipe)] if recipe.starts_from_folder else []),
    ]


def catalogue(project: Project, recipe: Recipe) -> Catalogue:
    """What the recipe can choose from in the project's store; raises PhaselineError for what has not been made."""
    shards = {name: project.store.require(f"shards/{name}") for name in project.shards_of(recipe)}
    quadrants = project.store.require(QUADRANTS_ASSET) if selects_quadrants(recipe) else None
    return catalogue_of_store(shards, project.store.require(TOKENIZER_ASSET), quadrants)


def published_base(project: Project, recipe: Recipe) -> BaseRun | BaseModelReference | None:
    """The run that a recipe starts from, by its newest published manifest, or the foreign model; None for neither."""
    if recipe.starts_from_folder is not None:
        return reference(project.store.require(base_model_asset(recipe)))
    if recipe.starts_from_run is None:
        return None
    artifact = project.store.require(f"manifests/{recipe.starts_from_run.recipe}")
    return base_of(recipe.starts_from_run, read_manifest(artifact), artifact.name.removeprefix("manifests/"))


def base_of(start: StartFrom, manifest: Manifest, name: str) -> BaseRun:
    """The place in another recipe's manifest that a recipe starts from."""
    step = manifest.total_steps if start.phase is None else manifest.phase(start.phase).end_step
    return BaseRun(name, manifest, step)


def compile_against_store(project: Project, recipe: Recipe) -> Compilation:
    """A recipe compiled in memory; the recipe it starts from likewise, unless that is published."""
    start = recipe.starts_from_run
    if start is None or project.store.latest(f"manifests/{start.recipe}") is not None:
        base = published_base(project, recipe)
    else:
        other = project.recipes[start.recipe]
        base = base_of(start, compile_against_store(project, other).manifest, other.name)
    return compile_recipe(recipe, catalogue(project, recipe), base)
