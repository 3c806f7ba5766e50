"""Models by name, and what is printed of them."""

from collections.abc import Sequence

from assets.commands.opened import run_and_step
from assets.project import Project
from assets.tables import console, new_table
from evals.held_out import ensure_held_out
from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.after.export import ensure_export
from training.after.prompts import refuse_other_tokenizer

MODELS = "models/"


def find_model(store: Store, name: str) -> Artifact:
    """The model of a name: an exported or averaged one, or a checkpoint, which is exported if it was not yet.

    Raises:
        PhaselineError: there is no such model, run or checkpoint.
    """
    if not name.startswith(MODELS):
        return ensure_export(store, *run_and_step(store, name), progress).artifact
    asset, _, version = name.rpartition("@")
    if version.isdecimal() and int(version) in store.versions(asset):
        return store.get(asset, int(version))
    newest = store.latest(name)
    if newest is None:
        known = ", ".join(known_models(store)) or "none yet"
        raise PhaselineError(f"there is no model {name} in {store.root}", f"name a checkpoint, or one of: {known}")
    return newest


def known_models(store: Store) -> list[str]:
    """The assets that are models, by name."""
    folder = store.folder("models")
    found = (str(path.relative_to(folder.parent)) for path in sorted(folder.glob("*/*")))
    return [asset for asset in found if store.versions(asset)]


def progress(sentence: str) -> None:
    """Print what is being made."""
    console.print(sentence, markup=False, style="dim", soft_wrap=True)


def print_model(model: Artifact) -> None:
    """Print where a model lies and what was checked."""
    checks = ", ".join(f"{check.name} ({check.detail})" for check in model.record.checks)
    console.print(f"{model.name}: {checks}", markup=False, soft_wrap=True)
    console.print(str(model.folder), markup=False, soft_wrap=True)


def evaluate(project: Project, models: Sequence[Artifact]) -> None:
    """Evaluate models that were not yet, each as an artifact of its own, and print their bits per byte by domain."""
    store = project.store
    held_out: dict[str, Artifact] = {
        domain.domain: store.require(f"held_out/{domain.domain}") for domain in project.domains
    }
    table = new_table("Held-out loss, bits per byte", "model", "context", *held_out, "mean")
    for model in models:
        refuse_other_tokenizer(model, held_out.values())
        evaluation = ensure_held_out(
            store,
            model.asset.removeprefix(MODELS),
            {model.name: model},
            held_out,
            sequence_length=model.record.facts["context"],
            max_tokens_per_domain=project.corpus.evaluation.max_tokens_per_domain,
            report=progress,
        ).artifact
        losses = evaluation.record.facts["losses"][model.name]
        figures = [losses[domain]["bits_per_byte"] for domain in held_out]
        mean = sum(figures) / len(figures)
        table.add_row(
            model.name, f"{model.record.facts['context']:,}", *(f"{figure:.3f}" for figure in (*figures, mean))
        )
    console.print(table)
