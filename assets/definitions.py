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
    """Every asset of a project, with a job for each domain's snapshots and one for each recipe.

    One process runs a job: an asset costs far less than a process of its own would, and training starts its own. A job
    runs either one partition or what has none, so a recipe's job begins where the snapshots of its sources end.
    """
    steps = project_steps(project, arms)
    jobs: dict[str, list[Step]] = {}
    for step in steps:
        if step.partition:
            jobs.setdefault(step.group, []).append(step)
    for recipe in [*project.presets, *arms]:
        jobs[recipe.name] = [step for step in closure(steps, [f"evaluations/{recipe.name}"]) if step.partition is None]
    return dg.Definitions(
        assets=build_assets(project, steps),
        jobs=[
            dg.define_asset_job(name, dg.AssetSelection.assets(*{asset_key(step.node) for step in of_job}))
            for name, of_job in jobs.items()
        ],
        executor=dg.in_process_executor,
        loggers={PROGRESS: progress_logger},
    )


def build_assets(project: Project, steps: Sequence[Step]) -> list[dg.AssetsDefinition]:
    """The assets of the graph, each with all its steps."""
    node_of = {step.asset: step.node for step in steps}
    nodes: dict[str, list[Step]] = {}
    for step in steps:
        nodes.setdefault(step.node, []).append(step)
    return [
        build_asset(
            project, of_node, list(dict.fromkeys(node_of[parent] for step in of_node for parent in step.parents))
        )
        for of_node in nodes.values()
    ]


@dg.definitions
def definitions() -> dg.Definitions:
    return build_definitions(Project(default_home()))
