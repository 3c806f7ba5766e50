"""Assets of a recipe: its manifest, a checkpoint for each phase, the exported models, and their evaluation."""

import time
from collections.abc import Iterator
from typing import Any, cast

import dagster as dg

from assets.build import Report, build_asset
from assets.project import Project
from assets.publish import CURRENT, WHY, image
from evals.held_out import ensure_held_out
from pipelines.store import Outcome
from training.checkpoints import START, checkpoint_steps, get_checkpoint
from training.compile import ensure_manifest
from training.export import ensure_export
from training.launch import train
from training.metrics import StepMetrics, read_metrics
from training.plots import plot_loss
from training.recipe import Recipe
from training.run import Run, create_run

SECONDS_BETWEEN_OBSERVATIONS = 10


def recipe_assets(project: Project, recipe: Recipe) -> Iterator[dg.AssetsDefinition]:
    """The assets of one recipe, from its manifest to its evaluation."""
    yield manifest(project, recipe)
    for number in range(len(recipe.phases)):
        yield checkpoint(project, recipe, number)
    for boundary in boundaries(recipe):
        yield model(project, recipe, boundary)
    yield evaluation(project, recipe)


def boundaries(recipe: Recipe) -> list[str]:
    """Where a recipe's models stand: before training, and after each phase, by its name."""
    return [START, *(phase.name for phase in recipe.phases)]


def manifest(project: Project, recipe: Recipe) -> dg.AssetsDefinition:
    names = sorted({name for phase in recipe.phases for name in phase.blend})
    return build_asset(
        project,
        f"manifests/{recipe.name}",
        group=recipe.name,
        description=f"{recipe.title}, compiled against exact shards.",
        parents=[*(f"shards/{name}" for name in names), "tokenizer"],
        ensure=lambda _report: ensure_manifest(
            project.store,
            recipe,
            {name: project.store.require(f"shards/{name}") for name in names},
            project.store.require("tokenizer"),
        ),
    )


def checkpoint(project: Project, recipe: Recipe, number: int) -> dg.AssetsDefinition:
    phase = recipe.phases[number]
    before = f"checkpoints/{recipe.name}/{recipe.phases[number - 1].name}" if number else f"manifests/{recipe.name}"
    asset = dg.AssetKey(["checkpoints", recipe.name, phase.name])

    @dg.asset(
        key=asset,
        deps=[dg.AssetKey(before.split("/"))],
        group_name=recipe.name,
        description=f"Training through phase {phase.name}; its loss is shown while it goes.",
    )
    def trained(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        run = current_run(project, recipe)
        end_step = run.manifest.phase(phase.name).end_step
        before = checkpoint_steps(run)
        state = train(
            project.store,
            run.artifact,
            until_step=end_step,
            report=context.log.info,
            on_metrics=Observer(context, asset),
        )
        return trained_result(run, end_step, CURRENT if state.checkpoints == before else f"trained to step {end_step}")

    return trained


class Observer:
    """Shows the metrics of a running phase as observations of its asset, every few seconds."""

    def __init__(self, context: dg.AssetExecutionContext, asset: dg.AssetKey) -> None:
        self._context = context
        self._asset = asset
        self._shown = 0.0

    def __call__(self, metrics: StepMetrics) -> None:
        if time.monotonic() - self._shown < SECONDS_BETWEEN_OBSERVATIONS:
            return
        self._shown = time.monotonic()
        self._context.log_event(dg.AssetObservation(self._asset, metadata=cast(dict[str, Any], metrics)))


def trained_result(run: Run, step: int, why: str) -> dg.MaterializeResult:
    """What a checkpoint shows of itself: its bill of data and the loss so far."""
    made = get_checkpoint(run, step)
    plot = run.folder / "loss.png"
    plot_loss(run.manifest, read_metrics(run.metrics), plot)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made.digest),
        metadata={
            WHY: why,
            "run": run.name,
            "step": step,
            "folder": dg.MetadataValue.path(str(made.folder)),
            "log": dg.MetadataValue.path(str(run.log)),
            "bill of data": dg.MetadataValue.json(made.record.facts["bill"]),
            "plot: loss": image(plot.read_bytes()),
        },
    )


def model(project: Project, recipe: Recipe, boundary: str) -> dg.AssetsDefinition:
    first = recipe.phases[0].name
    parent = f"checkpoints/{recipe.name}/{first if boundary == START else boundary}"

    def ensure(report: Report) -> Outcome:
        run = current_run(project, recipe)
        step = 0 if boundary == START else run.manifest.phase(boundary).end_step
        return ensure_export(project.store, run, step, report)

    return build_asset(
        project,
        f"models/{recipe.name}/{boundary}",
        group=recipe.name,
        description=f"The model {'before training' if boundary == START else f'after phase {boundary}'}, "
        "in Hugging Face format.",
        parents=[parent, "tokenizer"],
        checks={"logits_equal": True},
        ensure=ensure,
    )


def evaluation(project: Project, recipe: Recipe) -> dg.AssetsDefinition:
    store = project.store
    domains = [domain.domain for domain in project.domains]
    models = {boundary: f"models/{recipe.name}/{boundary}" for boundary in boundaries(recipe)}
    return build_asset(
        project,
        f"evaluations/{recipe.name}",
        group=recipe.name,
        description="Bits per byte of each domain's held-out documents, before training and after each phase.",
        parents=[*models.values(), *(f"held_out/{domain}" for domain in domains)],
        ensure=lambda report: ensure_held_out(
            store,
            recipe.name,
            {boundary: store.require(asset) for boundary, asset in models.items()},
            {domain: store.require(f"held_out/{domain}") for domain in domains},
            sequence_length=recipe.sequence_length,
            max_tokens_per_domain=project.corpus.evaluation.max_tokens_per_domain,
            report=report,
        ),
    )


def current_run(project: Project, recipe: Recipe) -> Run:
    """The run of the recipe's newest manifest."""
    return create_run(project.store, project.store.require(f"manifests/{recipe.name}"))
