"""Steps of perplexity and quadrants: the documents of each set of shards scored by two reference models, then cut."""

from collections.abc import Iterator

from assets.project import Project
from assets.step import Step
from pipelines.corpus import QUADRANTS_ASSET
from quality.perplexity.attributes import ensure_perplexity
from quality.perplexity.declaration import ModelFolder
from quality.perplexity.quadrants import ensure_quadrants
from quality.perplexity.reference import ReferenceModel, reference_model, reference_model_in
from training.declared.used_names import selects_quadrants
from training.lineage.trained_on import trained_on
from training.runs.run import open_run


def perplexity_steps(project: Project) -> Iterator[Step]:
    """The steps from shards and reference models to quadrants, parents first; none where no recipe asks for them."""
    if not any(selects_quadrants(recipe) for recipe in project.recipes.values()):
        return
    for shards in project.shards:
        yield perplexity(project, shards)
    yield quadrants(project)


def perplexity(project: Project, shards: str) -> Step:
    store, declared = project.store, project.perplexity
    return Step(
        perplexity_asset(shards),
        group="quadrants",
        description=f"The loss of a weak and a strong reference model on each document of a part of {shards}.",
        parents=[f"shards/{shards}", *(model for model in declared.models if isinstance(model, str))],
        ensure=lambda progress: ensure_perplexity(
            store,
            perplexity_asset(shards),
            store.require(f"shards/{shards}"),
            *(reference(project, model) for model in declared.models),
            part=declared.part,
            scoring=declared.scoring,
            report=progress.report,
        ),
    )


def reference(project: Project, model: str | ModelFolder) -> ReferenceModel:
    """An exported model with the text that its run reads, or one that the pipeline has not made."""
    if isinstance(model, ModelFolder):
        return reference_model_in(model.folder)
    artifact = project.store.require(model)
    return reference_model(artifact, trained_on(project.store, open_run(project.store, artifact.record.facts["run"])))


def quadrants(project: Project) -> Step:
    store = project.store
    names = list(project.shards)
    return Step(
        QUADRANTS_ASSET,
        group="quadrants",
        description="The quadrant of each scored document: high or low perplexity, high or low difference.",
        parents=[*(perplexity_asset(name) for name in names), *(f"shards/{name}" for name in names)],
        ensure=lambda progress: ensure_quadrants(
            store,
            project.perplexity.quadrants,
            {name: store.require(perplexity_asset(name)) for name in names},
            {name: store.require(f"shards/{name}") for name in names},
            progress.report,
        ),
    )


def perplexity_asset(shards: str) -> str:
    return f"quality/perplexity/{shards}"
