"""Publishing a compiled recipe as ``manifests/<recipe>``: a new version only where the content differs."""

from collections.abc import Callable, Sequence

from pipelines.store import Artifact, Draft, Outcome, Store
from training.compiler.catalogue import Catalogue
from training.compiler.compile import BaseRun, Compilation, compile_recipe
from training.compiler.extents import write_extents
from training.declared.recipe import Recipe
from training.manifest import BaseModelReference, read_manifest, write_manifest
from training.planning.difference import describe
from training.planning.plots import plot_plan

CODE_VERSION = "2"
PLAN_PLOT = "plan.png"


def ensure_manifest(
    store: Store,
    recipe: Recipe,
    catalogue: Catalogue,
    base: BaseRun | BaseModelReference | None,
    parents: Sequence[Artifact],
    report: Callable[[str], None],
) -> Outcome:
    """Publish the recipe's manifest if its content differs from the newest version's, telling the difference in words.

    Args:
        parents: what it may depend on: shards, tokenizer, quadrants, the manifest of the run or the foreign model that
            it starts from. Shards that the compiled recipe does not read are left out.

    Raises:
        PhaselineError: the recipe does not fit the shards; nothing is written.
    """
    compilation = compile_recipe(recipe, catalogue, base)
    manifest = compilation.manifest
    newest = store.latest(f"manifests/{recipe.name}")

    def make(draft: Draft) -> None:
        for sentence in [*compilation.notes, *(describe(read_manifest(newest), manifest) if newest else [])]:
            report(sentence)
        write_manifest(manifest, draft.folder)
        write_extents(draft.folder, compilation.extents)
        plot_plan(manifest, draft.folder / PLAN_PLOT)
        draft.facts |= facts(recipe, compilation)

    read = {source.asset for source in manifest.sources}
    return store.ensure(
        f"manifests/{recipe.name}",
        make,
        code_version=CODE_VERSION,
        parameters={"manifest": manifest.digest},
        parents=[parent for parent in parents if parent.asset in read or not parent.asset.startswith("shards/")],
    )


def facts(recipe: Recipe, compilation: Compilation) -> dict[str, object]:
    """What a manifest's record says of it."""
    manifest = compilation.manifest
    return {
        "manifest_digest": manifest.digest,
        "title": recipe.title,
        "paper": recipe.paper or "none",
        "evidence": [evidence.model_dump() for evidence in recipe.evidence],
        "notes": list(compilation.notes),
        "total_steps": manifest.total_steps,
        "total_tokens": manifest.total_tokens,
        "total_samples": manifest.total_samples,
        "samples_of_sources": sum(sum(phase.samples) for phase in manifest.phases),
    }
