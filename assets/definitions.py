"""The whole graph as Dagster sees it."""

import dagster as dg

from assets.console import PROGRESS, progress_logger
from assets.corpus import corpus_assets
from assets.project import Project, default_home
from assets.training import recipe_assets


def build_definitions(project: Project) -> dg.Definitions:
    """Every asset of a project, with a job for each recipe and one for the corpus.

    One process runs a job: an asset costs far less than a process of its own would, and training starts its own.
    """
    corpus = list(corpus_assets(project))
    recipes = {name: list(recipe_assets(project, recipe)) for name, recipe in project.recipes.items()}
    last = {name: dg.AssetSelection.assets(*(asset.key for asset in assets)) for name, assets in recipes.items()}
    jobs = [dg.define_asset_job("corpus", dg.AssetSelection.assets(*(asset.key for asset in corpus)))]
    jobs += [dg.define_asset_job(name, selection.upstream()) for name, selection in last.items()]
    return dg.Definitions(
        assets=[*corpus, *(asset for assets in recipes.values() for asset in assets)],
        jobs=jobs,
        executor=dg.in_process_executor,
        loggers={PROGRESS: progress_logger},
    )


@dg.definitions
def definitions() -> dg.Definitions:
    return build_definitions(Project(default_home()))
