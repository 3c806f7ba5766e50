"""Materialise a recipe's assets in this process, into the same history that the UI shows."""

import os
from pathlib import Path

import dagster as dg

from assets.console import PROGRESS
from assets.definitions import build_definitions
from assets.project import Project
from assets.publish import CURRENT, WHY
from pipelines.errors import PhaselineError
from training.checkpoints import START
from training.recipe import Recipe

INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
"""


def prepare_instance(home: Path) -> Path:
    """Dagster's own folder below the home, without telemetry; also named in DAGSTER_HOME for processes started here."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.is_file():
        settings.write_text(INSTANCE)
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def targets(recipe: Recipe, phases: list[str]) -> list[str]:
    """The assets that a selection of phases asks for; all of the recipe's where its last phase is among them."""
    assets = [f"models/{recipe.name}/{boundary}" for boundary in [START, *phases]]
    if recipe.phases[-1].name in phases:
        assets.append(f"evaluations/{recipe.name}")
    return assets


def materialise(project: Project, recipe: Recipe, phases: list[str]) -> None:
    """Make everything that the phases need and is not current.

    Raises:
        PhaselineError: an asset failed; what does not depend on it was made.
    """
    job = build_definitions(project).resolve_job_def(recipe.name)
    graph = job.asset_layer.asset_graph
    wanted = [dg.AssetKey(asset.split("/")) for asset in targets(recipe, phases)]
    selection = dg.AssetSelection.assets(*wanted).upstream().resolve(graph)
    prepare_instance(project.home)
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=sorted(selection),
            raise_on_error=False,
            run_config={"loggers": {PROGRESS: {}}},
            tags={"phases": ",".join(phases)},
        )
    made = [event for event in result.get_asset_materialization_events() if WHY in event.materialization.metadata]
    num_current = sum(event.materialization.metadata[WHY].value == CURRENT for event in made)
    print(f"{num_current} assets are current, {len(made) - num_current} were made")
    failures = [failure_of(event) for event in result.all_events if event.is_step_failure]
    if failures:
        raise PhaselineError("\n".join(failures), "run the same command again after that: what is finished is kept")


def failure_of(event: dg.DagsterEvent) -> str:
    """One line for a failed step: the asset and the error at the bottom of it."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    message = error.message.strip().removeprefix("pipelines.errors.PhaselineError: ") if error else "failed"
    return f"{(event.step_key or '').replace('__', '/')}: {message}"
