"""What the commands about manifests do: plan, publish, compare, verify and amend."""

import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rich.markup import escape

from assets.manifests import base_of, catalogue, compile_against_store, parents_of_manifest, published_base
from assets.plan import print_differences, print_plan
from assets.project import Project
from assets.tables import console, new_table
from pipelines.errors import PhaselineError
from pipelines.store import Artifact
from training.compiler.catalogue import catalogue_of_sizes
from training.compiler.compile import Compilation, compile_recipe
from training.compiler.publication import ensure_manifest
from training.declared.recipe import Recipe
from training.declared.recipes import arms as arms_of
from training.declared.scale import read_scale, scaled
from training.manifest import Manifest, read_manifest
from training.planning.cost import rate_of_earlier_run, read_hardware
from training.planning.difference import describe
from training.planning.plan import Plan, make_plan


def plan(project: Project, name: str, *, scale: str | None, plot: Path | None, as_json: bool) -> None:
    """Show what a recipe would do; writes nothing but the plot that is asked for."""
    recipe, compilation, available = compiled(project, name, scale)
    made = plan_of(project, recipe, compilation, available)
    if plot is not None:
        from training.planning.plots import plot_plan

        plot_plan(compilation.manifest, plot)
    if as_json:
        print(json.dumps(made.model_dump(mode="json"), indent=1))
    else:
        print_plan(made)


def compiled(project: Project, name: str, scale: str | None) -> tuple[Recipe, Compilation, Mapping[str, int]]:
    """A recipe compiled against the project's shards or at a scale, and the tokens of every set of shards there is."""
    recipe = recipe_of(project, name)
    if scale is None:
        shards = [project.store.latest(f"shards/{shards}") for shards in project.shards]
        available = {artifact.asset: artifact.record.facts["num_tokens"] for artifact in shards if artifact}
        return recipe, compile_against_store(project, recipe), available
    declared = read_scale(scale)
    recipes = {known: scaled(each, declared) for known, each in project.recipes.items()}
    shards_of_scale = catalogue_of_sizes(declared.corpus)

    @cache
    def at_scale(wanted: str) -> Compilation:
        other = recipes[wanted]
        base = None
        if other.start_from is not None:
            start = other.start_from.recipe
            base = base_of(other, at_scale(start).manifest, f"{start}@0")
        return compile_recipe(other, shards_of_scale, base)

    available = {entry.asset: entry.num_tokens for entry in shards_of_scale.shards.values()}
    return recipes[name], at_scale(name), available


def recipe_of(project: Project, name: str) -> Recipe:
    """The recipe of a name; raises PhaselineError for an unknown one."""
    if name not in project.recipes:
        raise PhaselineError(f"there is no recipe {name!r}", f"name one of: {', '.join(sorted(project.recipes))}")
    return project.recipes[name]


def plan_of(project: Project, recipe: Recipe, compilation: Compilation, available: Mapping[str, int]) -> Plan:
    return make_plan(
        compilation.manifest,
        available,
        read_hardware(),
        title=recipe.title,
        paper=recipe.paper,
        evidence=recipe.evidence,
        notes=compilation.notes,
        before=rate_of_earlier_run(project.home, recipe.model),
    )


def arms(project: Project, name: str, *, scale: str | None) -> None:
    """Show a recipe beside its arms: how long they are, and what they share with it."""
    recipe = recipe_of(project, name)
    whole = compiled(project, name, scale)[1].manifest
    table = new_table(
        f"{recipe.name} and its arms", "recipe", "steps", "tokens", "phases", "most epochs", "samples taken"
    )
    for other in [name, *(arm.name for arm in arms_of(recipe, name))]:
        manifest = compiled(project, other, scale)[1].manifest
        epochs, source = most_epochs(manifest)
        table.add_row(
            other,
            f"{manifest.total_steps:,}",
            f"{manifest.total_tokens:,}",
            str(len(manifest.phases)),
            f"{epochs:.2f} of {escape(source)}",
            "" if other == name else "the same" if taken(manifest) == taken(whole) else "others",
        )
    console.print(table)


def taken(manifest: Manifest) -> dict[str, int]:
    """The samples of each source in the whole run."""
    counts = [sum(phase.samples[number] for phase in manifest.phases) for number in range(len(manifest.sources))]
    return {source.name: count for source, count in zip(manifest.sources, counts, strict=True) if count}


def most_epochs(manifest: Manifest) -> tuple[float, str]:
    """How often the source that is read most often is read, and its name."""
    tokens = [
        sum(phase.samples[number] * phase.sequence_length for phase in manifest.phases)
        for number in range(len(manifest.sources))
    ]
    return max(
        (read / (source.num_windows * manifest.window_length), source.name)
        for source, read in zip(manifest.sources, tokens, strict=True)
    )


def publish(project: Project, name: str) -> None:
    """Compile a recipe against the shards that exist and publish its manifest if it differs from the newest."""
    recipe = recipe_of(project, name)
    outcome = ensure_manifest(
        project.store,
        recipe,
        catalogue(project, recipe),
        published_base(project, recipe),
        [project.store.require(parent) for parent in parents_of_manifest(project, recipe)],
        lambda sentence: console.print(sentence, markup=False),
    )
    state = "published" if outcome.changes else "is current:"
    digest = outcome.artifact.record.facts["manifest_digest"]
    console.print(f"{state} {outcome.artifact.name}, manifest digest {digest}", soft_wrap=True)
    console.print(f"in {outcome.artifact.folder}", soft_wrap=True)


def difference(project: Project, before: str, after: str) -> None:
    """Say in words how two manifests differ; a recipe's name without a version is what it would compile to now."""
    print_differences(describe(manifest_named(project, before), manifest_named(project, after)))


def manifest_named(project: Project, name: str) -> Manifest:
    """The manifest ``recipe@version``, or that of a recipe compiled now."""
    if "@" in name:
        return read_manifest(published(project, name))
    return compile_against_store(project, recipe_of(project, name)).manifest


def published(project: Project, name: str) -> Artifact:
    """The artifact of ``recipe@version``, or of a recipe's newest; raises PhaselineError for an unknown one."""
    recipe, _, version = name.partition("@")
    if not version:
        return project.store.require(f"manifests/{recipe}")
    if not version.isdigit() or int(version) not in project.store.versions(f"manifests/{recipe}"):
        known = ", ".join(f"{recipe}@{number}" for number in project.store.versions(f"manifests/{recipe}"))
        raise PhaselineError(f"there is no manifest {name}", f"name one of: {known or 'none is published'}")
    return project.store.get(f"manifests/{recipe}", int(version))


def verify(project: Project, name: str) -> None:
    """Compute every digest behind a manifest again, and those of its run; raises PhaselineError for what changed."""
    from training.lineage.verification import verify_artifact, verify_run
    from training.runs.run import known_runs

    artifact = published(project, name)
    run = artifact.name.removeprefix("manifests/")

    def report(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    if run in known_runs(project.store):
        findings = list(verify_run(project.store, run, report))
    else:
        findings = list(verify_artifact(project.store, artifact.asset, artifact.record.version, report))
    for finding in findings:
        console.print(f"{finding.artifact}: {finding.what}\n  remedy: {finding.remedy}", soft_wrap=True, markup=False)
    if findings:
        raise PhaselineError(f"{len(findings)} findings behind {artifact.name}", "mend what is named above")
    console.print(f"{artifact.name} and everything behind it are what was recorded")


def amend_run(project: Project, name: str) -> None:
    """Let a run in flight follow the newest manifest of its recipe."""
    from training.runs.amend import amend
    from training.runs.run import open_run

    run = open_run(project.store, name)
    amended = amend(project.store, run, project.store.require(run.artifact.asset))
    if amended.artifact.name == run.artifact.name:
        console.print(f"run {name} follows {run.artifact.name} already")
        return
    for sentence in describe(run.manifest, amended.manifest):
        console.print(sentence, markup=False, soft_wrap=True)
    console.print(f"run {name} follows {amended.artifact.name} from step {amended.declaration.amended_at} on")
