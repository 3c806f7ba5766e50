"""Materialise what a recipe needs and is not current, in this process and into the history that the UI shows."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import sqlalchemy.exc

from assets.build import asset_key
from assets.console import PROGRESS
from assets.definitions import build_definitions, project_steps
from assets.project import Project
from assets.step import Step, closure, outdated
from pipelines.artifact import unsound
from pipelines.errors import PhaselineError
from pipelines.store import Store, disk_full
from training.declared.recipe import Recipe
from training.declared.recipes import run_phases

CHECK_FAILED = "DagsterAssetCheckFailedError"  # which Dagster keeps to itself
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
    """The assets that a selection of phases asks for: without any the manifest, with the last the evaluation, too."""
    assets = [f"manifests/{recipe.name}", *(f"models/{recipe.name}/{phase}" for phase in phases)]
    if run_phases(recipe)[-1] in phases:
        assets.append(f"evaluations/{recipe.name}")
    return assets


def with_bases(project: Project, recipe: Recipe) -> list[Recipe]:
    """A recipe, and before it the arms that it starts from."""
    start = recipe.starts_from_run
    bases = [] if start is None else with_bases(project, project.recipes[start.recipe])
    return [*(base for base in bases if base not in project.presets), recipe]


def materialise(project: Project, recipe: Recipe, phases: list[str]) -> None:
    """Make everything that the phases need and is not current.

    Raises:
        PhaselineError: an asset failed; what does not depend on it was made.
    """
    arms = [] if recipe in project.presets else with_bases(project, recipe)
    needed = closure(project_steps(project.looking(), arms), targets(recipe, phases))
    to_make = list(outdated(needed))
    print(f"{len(needed) - len(to_make)} of {len(needed)} assets are current", flush=True)
    if not to_make:
        return
    prepare_instance(project.home)
    definitions = build_definitions(project, arms)
    try:
        with dg.DagsterInstance.get() as instance:
            for stage in stages(to_make, recipe.name):
                failures = [
                    failure for run in stage for failure in execute(project, definitions, instance, run, phases)
                ]
                if failures:
                    raise PhaselineError(
                        "\n".join(failures), "run the same command again after that: what is finished is kept"
                    )
    except sqlalchemy.exc.OperationalError as error:  # Dagster's history lies on the same disk
        if isinstance(error.orig, sqlite3.OperationalError) and "disk" in str(error.orig):
            raise disk_full(f"recipe {recipe.name}", project.home) from error
        raise


@dataclass(frozen=True)
class PlannedRun:
    """Steps that Dagster runs together: those of one partition of a domain, or those that have none."""

    job: str
    partition_key: str | None
    steps: Sequence[Step]


def stages(to_make: Sequence[Step], recipe: str) -> Iterator[list[PlannedRun]]:
    """The runs that make some steps, parents first: what snapshots need, each snapshot, and the rest."""
    partitions: dict[tuple[str, str], list[Step]] = {}
    for step in to_make:
        if step.partition:
            partitions.setdefault((step.group, step.partition.key), []).append(step)
    snapshots = [step for steps in partitions.values() for step in steps]
    first = [step for step in closure(to_make, [step.asset for step in snapshots]) if not step.partition]
    last = [step for step in to_make if not step.partition and step not in first]
    if first:
        yield [PlannedRun(recipe, None, first)]
    yield [PlannedRun(domain, key, steps) for (domain, key), steps in partitions.items()]
    if last:
        yield [PlannedRun(recipe, None, last)]


def execute(
    project: Project,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    run: PlannedRun,
    phases: list[str],
) -> Iterator[str]:
    """Run steps in this process; what each failed step has to say."""
    job = definitions.resolve_job_def(run.job)
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[asset_key(step.node) for step in run.steps],
        partition_key=run.partition_key,
        raise_on_error=False,
        run_config={"loggers": {PROGRESS: {}}},
        tags={"phases": ",".join(phases)},
    )
    assets = {step.node: step.asset for step in run.steps}
    for event in result.all_events:
        if event.is_step_failure:
            yield failure_of(project.store, assets[(event.step_key or "").replace("__", "/")], event)


def failure_of(store: Store, asset: str, event: dg.DagsterEvent) -> str:
    """What a failed step has to say: the checks that its artifact failed, or the error at the bottom of it."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return f"{asset}: failed"
    if error.cls_name == CHECK_FAILED:
        return str(unsound(store.require(asset)))
    return f"{asset}: {error.message.strip().removeprefix('pipelines.errors.PhaselineError: ')}"
