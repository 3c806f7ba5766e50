"""Steps of a recipe: its manifest, a checkpoint for each phase, the exported models, and their evaluation."""

from collections.abc import Iterator

from assets.manifests import catalogue, parents_of_manifest, published_base
from assets.plan_markdown import plan_tables
from assets.project import Project
from assets.step import Progress, Step
from evals.held_out import ensure_held_out
from pipelines.store import Outcome
from pipelines.tokenizer import TOKENIZER_ASSET
from training.compiler.publication import ensure_manifest
from training.declared.recipe import Recipe
from training.declared.recipes import run_phases
from training.export import ensure_export
from training.launching.launch import train
from training.planning.plots import plot_loss
from training.runs.checkpoints import START, checkpoint_steps, get_checkpoint
from training.runs.metrics import read_metrics
from training.runs.run import Run, create_run


def recipe_steps(project: Project, recipe: Recipe) -> Iterator[Step]:
    """The steps of one recipe, parents first."""
    yield manifest(project, recipe)
    before = [f"manifests/{recipe.name}", *base_checkpoint(project, recipe)]
    for phase in run_phases(recipe):
        made = checkpoint(project, recipe, phase, before)
        before = [made.asset]
        yield made
    for boundary in boundaries(recipe):
        yield model(project, recipe, boundary)
    yield evaluation(project, recipe)


def boundaries(recipe: Recipe) -> list[str]:
    """Where a recipe's models stand: before training, and after each phase, by its name."""
    return [START, *run_phases(recipe)]


def base_checkpoint(project: Project, recipe: Recipe) -> list[str]:
    """The checkpoint that a recipe's training starts from, if it starts from one."""
    if recipe.start_from is None:
        return []
    base = project.recipes[recipe.start_from.recipe]
    return [f"checkpoints/{base.name}/{recipe.start_from.phase or run_phases(base)[-1]}"]


def manifest(project: Project, recipe: Recipe) -> Step:
    store = project.store
    parents = parents_of_manifest(project, recipe)
    return Step(
        f"manifests/{recipe.name}",
        group=recipe.name,
        description=f"{recipe.title}, compiled against exact shards.",
        parents=parents,
        ensure=lambda progress: ensure_manifest(
            store,
            recipe,
            catalogue(project, recipe),
            published_base(project, recipe),
            [store.require(parent) for parent in parents],
            progress.report,
        ),
        tables=plan_tables,
    )


def checkpoint(project: Project, recipe: Recipe, phase: str, before: list[str]) -> Step:
    """Training through a phase, from the end of the one before it."""

    def ensure(progress: Progress) -> Outcome:
        run = current_run(project, recipe)
        end_step = run.manifest.phase(phase).end_step
        known = checkpoint_steps(run)
        state = train(
            project.store,
            run.artifact,
            until_step=end_step,
            trainer=project.trainer,
            report=progress.report,
            on_metrics=lambda metrics: progress.observe(dict(metrics)),
        )
        changes = [] if state.checkpoints == known else [f"it stood at step {max(known, default=0)}"]
        if changes:
            plot_loss(run.manifest, read_metrics(run.metrics), run.plot)
        return Outcome(get_checkpoint(run, end_step), changes)

    return Step(
        f"checkpoints/{recipe.name}/{phase}",
        group=recipe.name,
        description=f"Training through phase {phase}; its loss is shown while it goes.",
        parents=before,
        checks={"tokens_conserved": True},
        ensure=ensure,
        plots=lambda _checkpoint: [current_run(project, recipe).plot],
    )


def model(project: Project, recipe: Recipe, boundary: str) -> Step:
    """The export of a boundary's checkpoint; training through the first phase makes the one before training, too."""
    phase = run_phases(recipe)[0] if boundary == START else boundary

    def ensure(progress: Progress) -> Outcome:
        run = current_run(project, recipe)
        step = 0 if boundary == START else run.manifest.phase(boundary).end_step
        return ensure_export(project.store, run, step, progress.report)

    return Step(
        f"models/{recipe.name}/{boundary}",
        group=recipe.name,
        description=f"The model {'before training' if boundary == START else f'after phase {boundary}'}, "
        "in Hugging Face format.",
        parents=[f"checkpoints/{recipe.name}/{phase}", TOKENIZER_ASSET],
        checks={"logits_equal": True},
        ensure=ensure,
    )


def evaluation(project: Project, recipe: Recipe) -> Step:
    store = project.store
    domains = [domain.domain for domain in project.domains]
    models = {boundary: f"models/{recipe.name}/{boundary}" for boundary in boundaries(recipe)}
    return Step(
        f"evaluations/{recipe.name}",
        group=recipe.name,
        description="Bits per byte of each domain's held-out documents, before training and after each phase.",
        parents=[*models.values(), *(f"held_out/{domain}" for domain in domains)],
        ensure=lambda progress: ensure_held_out(
            store,
            recipe.name,
            {boundary: store.require(asset) for boundary, asset in models.items()},
            {domain: store.require(f"held_out/{domain}") for domain in domains},
            sequence_length=max(recipe.sequence_length_of(phase) for phase in recipe.phases),
            max_tokens_per_domain=project.corpus.evaluation.max_tokens_per_domain,
            report=progress.report,
        ),
    )


def current_run(project: Project, recipe: Recipe) -> Run:
    """The run of the recipe's newest manifest."""
    return create_run(project.store, project.store.require(f"manifests/{recipe.name}"))
