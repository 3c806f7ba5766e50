"""What the commands about manifests do: plan, publish, compare, verify and amend."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from training.planning.plan import make_plan


def plan(project: Project, name: str, *, scale: str | None, plot: Path | None, as_json: bool) -> None:
    """Show what a recipe would do; writes nothing but the plot that is asked for."""
    of = setting(project, scale)
    recipe, compilation = of.recipe(name), of.compiled(name)
    made = make_plan(
        compilation.manifest,
        of.available,
        read_hardware(),
        title=recipe.title,
        paper=recipe.paper,
        evidence=recipe.evidence,
        notes=compilation.notes,
        before=rate_of_earlier_run(project.home, recipe.model),
    )
    if plot is not None:
        from training.planning.plots import plot_plan

        plot_plan(compilation.manifest, plot)
    if as_json:
        print(json.dumps(made.model_dump(mode="json"), indent=1))
    else:
        print_plan(made)


@dataclass(frozen=True)
class Setting:
    """What recipes are compiled against: the project's shards, or a scale's. ``available`` is tokens by asset."""

    recipe: Callable[[str], Recipe]
    compiled: Callable[[str], Compilation]
    available: Mapping[str, int]


def setting(project: Project, scale: str | None) -> Setting:
    """The project as it is, or at a scale; recipes are compiled when they are asked for, each once."""
    if scale is None:
        made = [project.store.latest(f"shards/{shards}") for shards in project.shards]
        available = {artifact.asset: artifact.record.facts["num_tokens"] for artifact in made if artifact}

        def recipe(name: str) -> Recipe:
            return recipe_of(project, name)

        return Setting(recipe, cache(lambda name: compile_against_store(project, recipe(name))), available)
    declared = read_scale(scale)
    shards = catalogue_of_sizes(declared.corpus)

    def at_scale(name: str) -> Recipe:
        return scaled(recipe_of(project, name), declared)

    @cache
    def compiled(name: str) -> Compilation:
        wanted = at_scale(name)
        start = wanted.starts_from_run
        if start is None:
            return compile_recipe(wanted, shards)
        return compile_recipe(wanted, shards, base_of(start, compiled(start.recipe).manifest, start.recipe))

    return Setting(at_scale, compiled, {entry.asset: entry.num_tokens for entry in shards.shards.values()})


def recipe_of(project: Project, name: str) -> Recipe:
    """The recipe of a name; raises PhaselineError for an unknown one."""
    if name not in project.recipes:
        raise PhaselineError(f"there is no recipe {name!r}", f"name one of: {', '.join(sorted(project.recipes))}")
    return project.recipes[name]


def arms(project: Project, name: str, *, scale: str | None) -> None:
    """Show a recipe beside its arms: how long they are, and what they share with it."""
    recipe = recipe_of(project, name)
    of = setting(project, scale)
    whole = of.compiled(name).manifest
    table = new_table(
        f"{recipe.name} and its arms", "recipe", "steps", "tokens", "phases", "most epochs", "samples taken"
    )
    for other in [name, *(arm.name for arm in arms_of(recipe, name))]:
        manifest = of.compiled(other).manifest
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
    """The tokens of each source in the whole run."""
    return {
        source.name: tokens for source, tokens in zip(manifest.sources, manifest.tokens_taken(), strict=True) if tokens
    }


def most_epochs(manifest: Manifest) -> tuple[float, str]:
    """How often the source that is read most often is read, and its name."""
    return max(
        (tokens / manifest.tokens_per_pass(source), source.name)
        for source, tokens in zip(manifest.sources, manifest.tokens_taken(), strict=True)
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
    from training.lineage import verification
    from training.runs.run import run_of

    artifact = published(project, name)
    run = run_of(project.store, artifact.record.facts["manifest_digest"])

    def report(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    of_run = None if run is None else run.name
    findings = list(verification.verify(project.store, artifact.asset, artifact.record.version, of_run, report))
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
