"""The phases of a run: blends resolved to sources, weights made whole, laid out, rearranged and faded."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from pipelines.errors import PhaselineError
from training.compiler.epoch_caps import cap_epochs
from training.compiler.leaves import Leaves
from training.compiler.mixture import Mixture, integer_weights, resolve
from training.compiler.placement import Placed, exhaust
from training.declared.blend import Blend, Natural
from training.declared.recipe import Recipe, TransitionDeclaration
from training.manifest import CompiledPhase, SourceReference, Transition
from training.sampling.order import PhaseShape, lay_out
from training.sampling.transitions import compile_transition


def resolved(recipe: Recipe, placed: Sequence[Placed], leaves: Leaves, where: str) -> list[Mixture]:
    """The blend of each phase over single sources; ``placed`` is empty where phases last as long as their sources."""
    sizes = {name: leaf.num_tokens for name, leaf in leaves.leaves.items()}
    budgets = [phase.num_tokens for phase in placed] or [0] * len(recipe.phases)
    return [
        resolve(phase.blend, recipe.blends, leaves.groups, sizes, budget, f"{where}: phases.{phase.name}")
        for phase, budget in zip(recipe.phases, budgets, strict=True)
    ]


def blended(
    recipe: Recipe,
    placed: Sequence[Placed],
    mixtures: Sequence[Mixture],
    sources: Sequence[SourceReference],
    groups: Mapping[str, Sequence[str]],
    window_length: int,
    where: str,
) -> tuple[list[list[int]], list[str]]:
    """The weights of each phase as whole numbers, epochs capped; and what the caps have changed, in sentences."""
    names = [source.name for source in sources]
    sizes = {source.name: source.num_windows * window_length for source in sources}
    max_epochs = {name: epochs for name, epochs in recipe.max_epochs.items() if groups[name]}
    taken = {source.name: source.cursor for source in sources}
    capped, changes = cap_epochs(placed, mixtures, sizes, max_epochs, groups, taken, where)
    weights = [
        integer_weights(mixture, names, f"{where}: phases.{phase.name}.blend")
        for phase, mixture in zip(placed, capped, strict=True)
    ]
    return weights, changes


def exhausted(
    recipe: Recipe, mixtures: Sequence[Mixture], sources: Sequence[SourceReference], where: str
) -> tuple[list[Placed], list[list[int]]]:
    """Phases that each read their sources once, and their samples of each source.

    Raises:
        PhaselineError: phases share a source, or one holds no whole step.
    """
    for name, times in Counter(itertools.chain(*mixtures)).items():
        if times > 1:
            raise PhaselineError(f"{where}: {name} is exhausted in two phases", "let each source be in one phase")
    windows = [[source.num_windows if source.name in mixture else 0 for source in sources] for mixture in mixtures]
    return exhaust(recipe, windows, where)


def refuse_uneven_exhaustion(recipe: Recipe, where: str) -> None:
    """Raise PhaselineError where only some phases end with their sources, differ in length or batch, or are blended."""
    for phase in recipe.phases:
        if phase.until is None or not phase.until.exhausted or phase.sequence_length or phase.global_batch_size:
            raise PhaselineError(
                f"{where}: phases.{phase.name}: other phases end when their sources are exhausted",
                "let all phases end so, with the recipe's sequence length and batch",
            )
        if not is_natural(recipe, phase.blend):
            raise PhaselineError(
                f"{where}: phases.{phase.name}.blend: a phase that exhausts its sources takes them as they are",
                "declare it as natural: [...], or give the phase another end",
            )


def is_natural(recipe: Recipe, blend: str | Blend) -> bool:
    """Whether a blend takes its sources in proportion to their tokens."""
    return isinstance(recipe.blends[blend] if isinstance(blend, str) else blend, Natural)


def laid_out(
    recipe: Recipe,
    placed: Sequence[Placed],
    weights: Sequence[Sequence[int]],
    sources: Sequence[SourceReference],
    transitions: Sequence[Transition | None],
) -> list[CompiledPhase]:
    """Placed phases with the samples they take of each source, from the sources' cursors on."""
    shapes = [
        PhaseShape(
            phase.name, phase.num_steps, phase.sequence_length, phase.global_batch_size, list(proportions), transition
        )
        for phase, proportions, transition in zip(placed, weights, transitions, strict=True)
    ]
    return lay_out(shapes, recipe.seed, [source.cursor for source in sources])


def arranged(
    arrangement: Sequence[Sequence[str]], phases: Sequence[CompiledPhase], where: str
) -> tuple[list[Placed], list[list[int]]]:
    """The phases' samples in another order, or those of several phases as one.

    Raises:
        PhaselineError: phases that differ in length or batch are to be one.
    """
    by_name = {phase.name: phase for phase in phases}
    placed, weights = [], []
    for names in arrangement:
        members = [by_name[name] for name in names]
        shapes = {(phase.sequence_length, phase.global_batch_size) for phase in members}
        if len(shapes) > 1:
            raise PhaselineError(
                f"{where}: arrangement: {', '.join(names)} differ in sequence length or batch",
                "let phases that are mixed have the same of both",
            )
        length, batch = shapes.pop()
        placed.append(Placed("_and_".join(names), sum(phase.num_steps for phase in members), length, batch))
        weights.append([sum(counts) for counts in zip(*(phase.samples for phase in members), strict=True)])
    return placed, weights


def compiled_transitions(
    declared: TransitionDeclaration | None, placed: Sequence[Placed], where: str
) -> list[Transition | None]:
    """The transition into each phase: none into the first.

    Raises:
        PhaselineError: a transition is longer than a phase beside it, or its phases differ in length or batch.
    """
    if declared is None:
        return [None] * len(placed)
    num_samples = 2 * round(declared.fraction * sum(phase.num_samples for phase in placed) / 2)
    for before, phase in itertools.pairwise(placed):
        if (before.sequence_length, before.global_batch_size) != (phase.sequence_length, phase.global_batch_size):
            raise PhaselineError(
                f"{where}: transition: {before.name} and {phase.name} differ in sequence length or batch",
                "let phases that fade into each other have the same of both, or take transition out",
            )
        shorter = min(before, phase, key=lambda each: each.num_samples)
        if num_samples > shorter.num_samples or num_samples < 2:
            raise PhaselineError(
                f"{where}: transition.fraction: {num_samples:,} samples around each boundary do not fit into phase "
                f"{shorter.name} with {shorter.num_samples:,}",
                "choose another fraction",
            )
    return [None, *(compile_transition(declared.shape, num_samples) for _ in placed[1:])]
