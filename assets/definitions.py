"""The whole graph: its steps, and the same as Dagster sees them."""

import dagster as dg

from assets.build import asset_key, build_asset
from assets.console import PROGRESS, progress_logger
from assets.corpus import corpus_steps
from assets.project import Project, default_home
from assets.step import Step, closure
from assets.training import recipe_steps


def project_steps(project: Project) -> list[Step]:
    """Every step of a project, parents first."""
    recipes = (step for recipe in project.recipes.values() for step in recipe_steps(project, recipe))
    return [*corpus_steps(project), *recipes]


def build_definitions(project: Project) -> dg.Definitions:
    """Every asset of a project, with a job for the corpus and one for each recipe.

    One process runs a job: an asset costs far less than a process of its own would, and training starts its own.
    """
    steps = project_steps(project)
    jobs = {"corpus": list(corpus_steps(project))}
    for name in project.recipes:
        jobs[name] = closure(steps, [f"evaluations/{name}"])
    return dg.Definitions(
        assets=[build_asset(project, step) for step in steps],
        jobs=[
            dg.define_asset_job(name, dg.AssetSelection.assets(*(asset_key(step.asset) for step in of_job)))
            for name, of_job in jobs.items()
        ],
        executor=dg.in_process_executor,
        loggers={PROGRESS: progress_logger},
    )


@dg.definitions
def definitions() -> dg.Definitions:
    return build_definitions(Project(default_home()))
