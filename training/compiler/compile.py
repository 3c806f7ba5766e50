"""Compile a recipe against exact shards: every fraction and weight becomes whole steps and whole samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from pipelines.errors import PhaselineError
from training.compiler.catalogue import Catalogue
from training.compiler.extents import describe_extents
from training.compiler.leaves import Leaf, Leaves, cut, licences, shortened
from training.compiler.phases import (
    arranged,
    blended,
    compiled_transitions,
    exhausted,
    laid_out,
    refuse_uneven_exhaustion,
    resolved,
)
from training.compiler.placement import place
from training.compiler.run_schedule import provisional_schedule, run_schedule
from training.declared.recipe import Recipe
from training.declared.used_names import used_names
from training.manifest import BaseModelReference, Manifest, SourceReference, StartReference
from training.sampling.order import Order

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BaseRun:
    """The run that a recipe starts from: its manifest's name (recipe@version), the manifest, and the steps done."""

    name: str
    manifest: Manifest
    step: int


@dataclass(frozen=True)
class Compilation:
    """A manifest; the extents of those sources that are selections, by source; and what was decided on the way."""

    manifest: Manifest
    extents: Mapping[str, Int64s]
    notes: Sequence[str] = field(default_factory=list)


def compile_recipe(
    recipe: Recipe, catalogue: Catalogue, base: BaseRun | BaseModelReference | None = None
) -> Compilation:
    """Resolve a recipe to whole steps and samples.

    Args:
        base: the run or the foreign model that the recipe starts from, if it names one.

    Raises:
        PhaselineError: the recipe does not fit the shards; says which field and what to do.
    """
    where = f"recipe {recipe.name}"
    window_length = longest_sequence(recipe, where)
    base_run = base if isinstance(base, BaseRun) else None
    checkpoint_lr = base_run.manifest.lr(base_run.step - 1) if base_run else None
    leaves, notes = without_small(sources_of(recipe, catalogue, where), window_length)
    is_exhausting = any(phase.until is not None and phase.until.exhausted for phase in recipe.phases)
    if is_exhausting:
        refuse_uneven_exhaustion(recipe, where)
    placed = [] if is_exhausting else place(recipe, provisional_schedule(recipe, checkpoint_lr), where)
    mixtures = resolved(recipe, placed, leaves, where)
    used = [leaves.leaves[name] for name in sorted(set().union(*mixtures))]
    if recipe.licences is not None:
        refuse_licences(used, recipe.licences, where)
    sources = [reference(leaf, window_length, where) for leaf in used]
    if base_run is not None:
        sources = [carried(source, recipe.seed, base_run, window_length) for source in sources]
    if is_exhausting:
        placed, weights = exhausted(recipe, mixtures, sources, where)
    else:
        weights, changes = blended(recipe, placed, mixtures, sources, leaves.groups, window_length, where)
        notes += changes
    schedule = run_schedule(recipe, placed, checkpoint_lr)
    if recipe.arrangement is not None:
        sharp = laid_out(recipe, placed, weights, sources, [None] * len(placed))
        placed, weights = arranged(recipe.arrangement, sharp, where)
    transitions = compiled_transitions(recipe.transition, placed, where)
    phases = laid_out(recipe, placed, weights, sources, transitions)
    manifest = Manifest(
        recipe=recipe.name,
        seed=recipe.seed,
        model=recipe.model,
        optimizer=recipe.optimizer,
        schedule=schedule,
        tokenizer=catalogue.tokenizer,
        window_length=window_length,
        start=start_reference(recipe, base, catalogue, where),
        sources=sources,
        phases=phases,
    )
    return Compilation(manifest, {leaf.name: leaf.extents for leaf in used if leaf.extents is not None}, notes)


def longest_sequence(recipe: Recipe, where: str) -> int:
    """The longest sequence of any phase; raises PhaselineError for a length that does not divide it."""
    lengths = {recipe.sequence_length_of(phase) for phase in recipe.phases}
    for length in sorted(lengths):
        if max(lengths) % length:
            raise PhaselineError(
                f"{where}: sequence_length: {length} does not divide {max(lengths)}, the longest",
                "choose lengths that divide the longest: shorter sequences are parts of its windows",
            )
    return max(lengths)


def sources_of(recipe: Recipe, catalogue: Catalogue, where: str) -> Leaves:
    """The leaves that the recipe's blends reach, shortened where the run is a proxy.

    Raises:
        PhaselineError: an unknown source, or a proxy of a smaller run.
    """
    used = used_names(recipe)
    made = cut(recipe.groups, used, catalogue, recipe.part, where, limited=recipe.max_epochs)
    if recipe.keeps_epochs_of is None:
        return made
    members = {name for group, names in made.groups.items() for name in names if group in used}
    available = sum(made.leaves[name].num_tokens for name in members)
    of_tokens = available if recipe.keeps_epochs_of == "one_epoch" else recipe.keeps_epochs_of
    if of_tokens < recipe.tokens:
        raise PhaselineError(
            f"{where}: keeps_epochs_of: {of_tokens:,} tokens are fewer than the run's {recipe.tokens:,}",
            "lower tokens, or take keeps_epochs_of out",
        )
    ratio = recipe.tokens / of_tokens
    return replace(made, leaves={name: shortened(leaf, ratio) for name, leaf in made.leaves.items()})


def without_small(leaves: Leaves, window_length: int) -> tuple[Leaves, list[str]]:
    """The groups without leaves that hold less than a window, unless they hold no others; and which these are."""
    small = {name for name, leaf in leaves.leaves.items() if leaf.num_tokens <= window_length}
    groups = {
        name: members if small.issuperset(members) else [member for member in members if member not in small]
        for name, members in leaves.groups.items()
    }
    read = {member for members in groups.values() for member in members}
    left_out = sorted({member for members in leaves.groups.values() for member in members} - read)
    notes = [f"{name} holds {leaves.leaves[name].num_tokens} tokens, less than a window: left out" for name in left_out]
    return replace(leaves, groups=groups), notes


def refuse_licences(sources: Sequence[Leaf], admitted: Sequence[str], where: str) -> None:
    """Raise PhaselineError for the first source with documents under a licence that is not admitted."""
    for leaf in sources:
        if refused := sorted(licences(leaf, where) - set(admitted)):
            raise PhaselineError(
                f"{where}: {leaf.name} holds documents under {', '.join(refused)}, which licences does not admit",
                "admit it, leave the source out, or choose by a group with licence: [...]",
            )


def reference(leaf: Leaf, window_length: int, where: str) -> SourceReference:
    """How the manifest refers to a source; raises PhaselineError where it holds less than one window."""
    num_windows = max(leaf.num_tokens - 1, 0) // window_length
    if not num_windows:
        raise PhaselineError(
            f"{where}: {leaf.name} holds {leaf.num_tokens} tokens, less than one window of {window_length} and the "
            "token after it",
            "take it out of the blends, or shorten sequence_length",
        )
    return SourceReference(
        name=leaf.name,
        asset=leaf.shards.asset,
        version=leaf.shards.version,
        digest=leaf.shards.digest,
        tokens_file=leaf.shards.tokens_file,
        first_token=leaf.first_token,
        extents=None if leaf.extents is None else describe_extents(leaf.name, leaf.extents),
        num_tokens=leaf.num_tokens,
        num_windows=num_windows,
    )


def carried(source: SourceReference, seed: int, base: BaseRun, window_length: int) -> SourceReference:
    """The source with the cursor where the base run left it, if that read the same stream in the same order."""
    if (base.manifest.seed, base.manifest.window_length) != (seed, window_length):
        return source
    for number, other in enumerate(base.manifest.sources):
        if other.model_copy(update={"cursor": 0}) == source:
            cursors = Order(base.manifest).cursors(base.manifest.samples_done(base.step))
            return source.model_copy(update={"cursor": int(cursors[number])})
    return source


def start_reference(
    recipe: Recipe, base: BaseRun | BaseModelReference | None, catalogue: Catalogue, where: str
) -> StartReference | BaseModelReference | None:
    """What the run starts from; raises PhaselineError if the tokenizer of a run's checkpoint is another."""
    if not isinstance(base, BaseRun):
        return base
    assert recipe.start_from is not None
    if base.manifest.tokenizer.digest != catalogue.tokenizer.digest:
        raise PhaselineError(
            f"{where}: start_from: {base.name} was trained with another tokenizer than the shards are made with",
            "start from a run with the same tokenizer",
        )
    return StartReference(
        manifest=base.name,
        manifest_digest=base.manifest.digest,
        step=base.step,
        optimizer=recipe.start_from.optimizer,
    )
