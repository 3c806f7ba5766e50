"""Steps of a recipe: its manifest, a checkpoint for each phase, the exported models, and their evaluation."""

from collections.abc import Iterator
from pathlib import Path

from assets.losses import losses_markdown
from assets.manifests import catalogue, parents_of_manifest, published_base
from assets.plan_markdown import plan_tables
from assets.project import Project
from assets.samples import samples_markdown
from assets.step import Progress, Step
from evals.held_out import ensure_held_out
from pipelines.store import Artifact, Outcome, Store
from pipelines.tokenizer import TOKENIZER_ASSET
from training.after.export import ensure_export
from training.after.samples import ensure_samples, samples_of
from training.base_models.base_model import base_model_asset, ensure_base_model
from training.compiler.publication import ensure_manifest
from training.declared.recipe import Recipe
from training.declared.recipes import run_phases
from training.launching.launch import train
from training.runs.bill_plot import plot_bill
from training.runs.checkpoint_facts import bill_in
from training.runs.checkpoints import START, checkpoint_steps, get_checkpoint
from training.runs.metrics import StepMetrics, read_metrics, scalars
from training.runs.picture import RunPicture
from training.runs.run import Run, create_run


def recipe_steps(project: Project, recipe: Recipe) -> Iterator[Step]:
    """The steps of one recipe, parents first."""
    if recipe.starts_from_folder is not None:
        yield base_model(project, recipe)
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
    if recipe.starts_from_run is None:
        return []
    base = project.recipes[recipe.starts_from_run.recipe]
    return [f"checkpoints/{base.name}/{recipe.starts_from_run.phase or run_phases(base)[-1]}"]


def base_model(project: Project, recipe: Recipe) -> Step:
    """The foreign model that a recipe's training starts from."""
    return Step(
        base_model_asset(recipe),
        group=recipe.name,
        description="A model that somebody else has trained, with the recipe's shape and tokenizer.",
        parents=[TOKENIZER_ASSET],
        ensure=lambda progress: ensure_base_model(
            project.store,
            recipe,
            project.store.require(TOKENIZER_ASSET),
            project.folders.recipes,
            progress.report,
        ),
    )


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
        picture = RunPicture(run)

        def show(metrics: StepMetrics) -> None:
            remade = [run.plot] if picture.step() else []
            progress.observe({"step": metrics["step"], "phase": metrics["phase"]} | scalars(metrics), remade)

        try:
            state = train(
                project.store,
                run.artifact,
                until_step=end_step,
                trainer=project.trainer,
                report=progress.report,
                on_metrics=show,
            )
        finally:
            picture.finish()
        changes = [] if state.checkpoints == known else [f"it stood at step {max(known, default=state.run.first_step)}"]
        return Outcome(get_checkpoint(state.run, end_step), changes)  # it may have begun in another run

    return Step(
        f"checkpoints/{recipe.name}/{phase}",
        group=recipe.name,
        description=f"Training through phase {phase}; its loss is shown while it goes.",
        parents=before,
        checks={"tokens_conserved": True},
        ensure=ensure,
        plots=lambda checkpoint: list(pictures(project.store, current_run(project, recipe), checkpoint)),
        tables=lambda _checkpoint: losses_markdown(read_metrics(current_run(project, recipe).metrics)),
    )


def pictures(store: Store, run: Run, checkpoint: Artifact) -> Iterator[Path]:
    """What is shown of a checkpoint: what the run measured, if anything, and what the checkpoint was trained on."""
    if run.plot.is_file():
        yield run.plot
    bill = run.folder / f"bill-{checkpoint.record.version}.png"
    plot_bill(bill_in(store, checkpoint), bill)
    yield bill


def model(project: Project, recipe: Recipe, boundary: str) -> Step:
    """The export of a boundary's checkpoint, with a few samples of what it writes.

    Training through the first phase makes the checkpoint before training, too.
    """
    store = project.store
    phase = run_phases(recipe)[0] if boundary == START else boundary
    held_out: dict[str, str] = {domain.domain: f"held_out/{domain.domain}" for domain in project.domains}

    def ensure(progress: Progress) -> Outcome:
        run = current_run(project, recipe)
        step = 0 if boundary == START else run.manifest.phase(boundary).end_step
        exported = ensure_export(store, run, step, progress.report)
        shards = {domain: store.require(asset) for domain, asset in held_out.items()}
        ensure_samples(store, exported.artifact, shards, progress.report)
        return exported

    return Step(
        f"models/{recipe.name}/{boundary}",
        group=recipe.name,
        description=f"The model {'before training' if boundary == START else f'after phase {boundary}'}, "
        "in Hugging Face format.",
        parents=[f"checkpoints/{recipe.name}/{phase}", TOKENIZER_ASSET, *held_out.values()],
        checks={"logits_equal": True},
        ensure=ensure,
        tables=lambda artifact: {"samples, after held-out beginnings": samples_markdown(samples_of(store, artifact))},
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
