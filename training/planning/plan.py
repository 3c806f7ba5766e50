"""The plan: what a manifest will do, in numbers, before anything is spent on it.

All of it follows from the manifest's own counts and from its bill: no sample is walked over, so a plan of trillions of
tokens takes hardly longer than one of a million.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from pipelines.evidence import Evidence
from training.bill.amounts import amounts_by_name
from training.manifest import (
    BaseModelReference,
    Compiled,
    CompiledPhase,
    Manifest,
    StartReference,
    TokenizerReference,
)
from training.planning.cost import Cost, Hardware, RunRate, cost_of
from training.schedule import Piece

REPEAT_DECAY = 15.39  # R*_D of Muennighoff et al., arXiv:2305.16264
MOST_EPOCHS = 4  # beyond them repeated tokens are worth clearly less than fresh ones (the same)
MOSTLY_UNREAD = 0.5


class SourceInPhase(Compiled):
    """What a phase takes of a source.

    ``epochs`` are passes over its windows. ``epochs_so_far`` and ``seen_so_far``, the share of the source that was read
    at least once, are those by the phase's end, what the run that this one starts from has read included.
    """

    source: str
    share: float
    samples: int
    tokens: int
    epochs: float
    epochs_so_far: float
    seen_so_far: float


class PhasePlan(Compiled):
    """A phase. Steps count from 1, as in a run's log; rates are those of its first and its last step.

    ``transition_samples`` are those around its beginning in which it fades in; its counts are of its own samples.
    """

    name: str
    first_step: int
    last_step: int
    tokens_before: int
    tokens: int
    samples: int
    sequence_length: int
    global_batch_size: int
    first_lr: float
    last_lr: float
    transition_samples: int
    sources: list[SourceInPhase]


class SourcePlan(Compiled):
    """What the run takes of a source in all.

    ``stream_tokens`` are the source's own, ``shards_tokens`` those of the shards that it is cut from. ``unique_tokens``
    are read at least once by the run's end, by this run or the one it starts from, and ``seen_of_stream`` and
    ``seen_of_shards`` are their shares. ``worth`` is the value of all tokens taken so far in fresh ones, as a share.
    ``lr_weighted_share`` is the source's share of the tokens, each weighted by its step's learning rate.
    """

    name: str
    shards: str  # asset@version
    shards_tokens: int
    stream_tokens: int
    num_windows: int
    tokens: int
    share: float
    epochs: float
    unique_tokens: int
    seen_of_stream: float
    seen_of_shards: float
    worth: float
    lr_weighted_share: float


class Plan(Compiled):
    """Everything that a person wants to know before training a manifest."""

    recipe: str
    title: str
    paper: str | None
    manifest_digest: str
    seed: int
    model: str
    tokenizer: TokenizerReference
    start: StartReference | BaseModelReference | None
    window_length: int
    total_steps: int
    total_samples: int
    total_tokens: int
    phases: list[PhasePlan]
    sources: list[SourcePlan]
    schedule: list[Piece]
    cost: Cost
    notes: list[str]
    warnings: list[str]
    evidence: list[Evidence]


def make_plan(
    manifest: Manifest,
    available: Mapping[str, int],
    hardware: Sequence[Hardware],
    *,
    title: str,
    paper: str | None = None,
    evidence: Sequence[Evidence] = (),
    notes: Sequence[str] = (),
    before: RunRate | None = None,
) -> Plan:
    """The plan of a manifest.

    Args:
        available: the tokens of every set of shards that the recipe could use, by asset; those that it does use are
            among them.
        hardware: what the cost is told for.
        title, paper, evidence: the recipe's.
        notes: what was decided when it was compiled, a sentence each.
        before: the rate of an earlier run of the same model.

    Raises:
        PhaselineError: an unknown model.
    """
    sources = source_plans(manifest, available)
    return Plan(
        recipe=manifest.recipe,
        title=title,
        paper=paper,
        manifest_digest=manifest.digest,
        seed=manifest.seed,
        model=manifest.model,
        tokenizer=manifest.tokenizer,
        start=manifest.start,
        window_length=manifest.window_length,
        total_steps=manifest.total_steps,
        total_samples=manifest.total_samples,
        total_tokens=manifest.total_tokens,
        phases=phase_plans(manifest),
        sources=sources,
        schedule=list(manifest.schedule.pieces),
        cost=cost_of(manifest, hardware, before),
        notes=list(notes),
        warnings=list(warnings(manifest, sources, available)),
        evidence=list(evidence),
    )


def phase_plans(manifest: Manifest) -> list[PhasePlan]:
    """What each phase takes of each source; sources of which it takes nothing are left out."""
    taken = [source.cursor for source in manifest.sources]
    plans = []
    for number, phase in enumerate(manifest.phases):
        sources = []
        for index, (source, samples) in enumerate(zip(manifest.sources, phase.samples, strict=True)):
            tokens = samples * phase.sequence_length
            taken[index] += tokens
            if samples:
                sources.append(
                    SourceInPhase(
                        source=source.name,
                        share=samples / phase.num_samples,
                        samples=samples,
                        tokens=tokens,
                        epochs=tokens / manifest.tokens_per_pass(source),
                        epochs_so_far=taken[index] / manifest.tokens_per_pass(source),
                        seen_so_far=first_pass_tokens(manifest, index, number + 1) / source.num_tokens,
                    )
                )
        plans.append(
            PhasePlan(
                name=phase.name,
                first_step=phase.first_step + 1,
                last_step=phase.end_step,
                tokens_before=manifest.tokens_done(phase.first_step),
                tokens=phase.num_tokens,
                samples=phase.num_samples,
                sequence_length=phase.sequence_length,
                global_batch_size=phase.global_batch_size,
                first_lr=manifest.lr(phase.first_step),
                last_lr=manifest.lr(phase.end_step - 1),
                transition_samples=phase.transition.num_samples if phase.transition else 0,
                sources=sources,
            )
        )
    return plans


def source_plans(manifest: Manifest, available: Mapping[str, int]) -> list[SourcePlan]:
    """What the run takes of each source."""
    amounts = amounts_by_name(manifest, manifest.total_steps)
    plans = []
    for index, (source, tokens) in enumerate(zip(manifest.sources, manifest.tokens_taken(), strict=True)):
        one_pass = manifest.tokens_per_pass(source)
        unique = first_pass_tokens(manifest, index, len(manifest.phases))
        shards_tokens = available[source.asset]
        plans.append(
            SourcePlan(
                name=source.name,
                shards=f"{source.asset}@{source.version}",
                shards_tokens=shards_tokens,
                stream_tokens=source.num_tokens,
                num_windows=source.num_windows,
                tokens=tokens,
                share=tokens / manifest.total_tokens,
                epochs=(source.cursor + tokens) / one_pass,
                unique_tokens=unique,
                seen_of_stream=unique / source.num_tokens,
                seen_of_shards=unique / shards_tokens,
                worth=worth((source.cursor + tokens) / one_pass),
                lr_weighted_share=amounts[source.name].lr_weighted_share if source.name in amounts else 0.0,
            )
        )
    return plans


def first_pass_tokens(manifest: Manifest, index: int, num_phases: int) -> int:
    """The tokens of a source's first pass that are read before the run and in its first phases."""
    source = manifest.sources[index]
    end = manifest.tokens_per_pass(source)
    return min(source.cursor, end) + sum(
        max(0, min(phase.cursors[index] + phase.samples[index] * phase.sequence_length, end) - phase.cursors[index])
        for phase in manifest.phases[:num_phases]
    )


def worth(epochs: float) -> float:
    """The value of the tokens of so many passes, as a share of that of as many fresh ones.

    D' / D with D' = U + U R* (1 - exp(-R / R*)) for U unique tokens that are repeated R = epochs - 1 times, R* = 15.39
    (Muennighoff et al., arXiv:2305.16264, equation 5).
    """
    repeats = max(epochs - 1, 0.0)
    return (1 + REPEAT_DECAY * (1 - math.exp(-repeats / REPEAT_DECAY))) / (1 + repeats)


def warnings(manifest: Manifest, sources: Sequence[SourcePlan], available: Mapping[str, int]) -> Iterator[str]:
    """What a person may not have meant, a sentence each."""
    for source in sources:
        if source.epochs > MOST_EPOCHS:
            yield (
                f"{source.name} is read {source.epochs:.1f} times, more than {MOST_EPOCHS}: its tokens are worth "
                f"{source.worth:.0%} of as many fresh ones (arXiv:2305.16264)"
            )
    yield from sources_smaller_than_a_batch(manifest)
    yield from skipped_tokens(manifest)
    unread = [source for source in sources if source.seen_of_stream < MOSTLY_UNREAD]
    if unread:
        shares = ", ".join(f"{source.name} {1 - source.seen_of_stream:.1%}" for source in unread)
        yield f"mostly unread when the run ends: {shares}"
    unused = sorted(available.keys() - {source.asset for source in manifest.sources})
    if unused:
        yield f"in no blend: {', '.join(f'{asset} ({available[asset]:,} tokens)' for asset in unused)}"


def sources_smaller_than_a_batch(manifest: Manifest) -> Iterator[str]:
    """A sentence for each source that a step of some phase reads more than once."""
    for phase in manifest.phases:
        for source, samples in zip(manifest.sources, phase.samples, strict=True):
            of_batch = samples / phase.num_steps
            if of_batch * phase.sequence_length > manifest.tokens_per_pass(source):
                yield (
                    f"{source.name} is smaller than its share of a batch: a step of phase {phase.name} takes "
                    f"{of_batch:,.1f} sequences of {phase.sequence_length:,} tokens, and it holds "
                    f"{manifest.tokens_per_pass(source) // phase.sequence_length:,}"
                )


def skipped_tokens(manifest: Manifest) -> Iterator[str]:
    """A sentence for each phase that begins behind where its sources stood, at the next whole sequence."""
    stood = [source.cursor for source in manifest.sources]
    for phase in manifest.phases:
        skipped = [cursor - before for cursor, before in zip(phase.cursors, stood, strict=True)]
        if any(skipped):
            names = [source.name for source, tokens in zip(manifest.sources, skipped, strict=True) if tokens]
            yield (
                f"phase {phase.name} begins at whole sequences of {phase.sequence_length:,} tokens, so "
                f"{sum(skipped):,} tokens are not read in that pass: {', '.join(names)}"
            )
        stood = ends_of(phase)


def ends_of(phase: CompiledPhase) -> list[int]:
    """Where each source stands when a phase has taken its samples."""
    return [
        cursor + samples * phase.sequence_length for cursor, samples in zip(phase.cursors, phase.samples, strict=True)
    ]
