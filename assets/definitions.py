"""The whole graph: its steps, and the same as Dagster sees them."""

from collections.abc import Sequence
from graphlib import TopologicalSorter

import dagster as dg

from assets.build import asset_key, build_asset
from assets.console import PROGRESS, progress_logger
from assets.corpus import corpus_steps
from assets.perplexity import perplexity_steps
from assets.project import Project, default_home
from assets.step import Step, closure
from assets.training import recipe_steps
from training.declared.recipe import Recipe


def project_steps(project: Project, arms: Sequence[Recipe] = ()) -> list[Step]:
    """Every step of a project, parents first: those of the recipes that have a file, and of the arms asked for."""
    steps = {step.asset: step for step in [*corpus_steps(project), *perplexity_steps(project)]}
    for recipe in [*project.presets, *arms]:
        steps |= {step.asset: step for step in recipe_steps(project, recipe)}
    order = TopologicalSorter({asset: step.parents for asset, step in steps.items()}).static_order()
    return [steps[asset] for asset in order]


def build_definitions(project: Project, arms: Sequence[Recipe] = ()) -> dg.Definitions:
    """Every asset of a project, with a job for the corpus and one for each recipe.

    One process runs a job: an asset costs far less than a process of its own would, and training starts its own.
    """
    steps = project_steps(project, arms)
    jobs = {"corpus": list(corpus_steps(project))}
    for recipe in [*project.presets, *arms]:
        jobs[recipe.name] = closure(steps, [f"evaluations/{recipe.name}"])
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
