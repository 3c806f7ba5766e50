"""The difference between two manifests, in words and in tokens."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from pipelines.differences import parameter_differences
from training.manifest import CompiledPhase, Manifest, SourceReference
from training.sampling.first_difference import agreed_steps, batch_in_words, first_difference
from training.schedule import Piece

FIXED = ("seed", "model", "optimizer", "tokenizer", "start")  # what every step depends on, the first one included
SMALLEST_CHANGE = 5e-4  # of a share, and of epochs: what a person sees in three digits

Named = TypeVar("Named", SourceReference, CompiledPhase)


class Taken(NamedTuple):
    """What a phase takes of a source: its share of the phase's samples, and tokens."""

    share: float = 0.0
    tokens: int = 0


def describe(before: Manifest, after: Manifest) -> list[str]:
    """What changed, a sentence each, at last how many of the first steps stay the same; empty for equal manifests."""
    if before == after:
        return []
    return [
        *whole_run(before, after),
        *sources(before, after),
        *phases(before, after),
        *epochs(before, after),
        *schedule(before, after),
        same_steps(before, after),
    ]


def whole_run(before: Manifest, after: Manifest) -> Iterator[str]:
    """What holds for every step: recipe, seed, model, optimizer, tokenizer, start, windows; and the run's length."""
    for field in ("recipe", "seed", "model", "optimizer", "tokenizer", "window_length"):
        yield from parameter_differences(f"{field}.", plain(getattr(before, field)), plain(getattr(after, field)))
    if before.start != after.start:
        yield f"starts from {start_in_words(before)} → {start_in_words(after)}"
    if (before.total_steps, before.total_tokens) != (after.total_steps, after.total_tokens):
        yield (
            f"the run: {before.total_steps:,} → {after.total_steps:,} steps, "
            f"{changed_tokens(before.total_tokens, after.total_tokens)}"
        )


def sources(before: Manifest, after: Manifest) -> Iterator[str]:
    """Sources that came, went, or hold something else."""
    old, new = by_name(before.sources), by_name(after.sources)
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"source {name} is new: {new[name].num_tokens:,} tokens of {shards_in_words(new[name])}"
        elif name not in new:
            yield f"source {name} is gone: {old[name].num_tokens:,} tokens of {shards_in_words(old[name])}"
        elif old[name] != new[name]:
            yield f"source {name}: {', '.join(source_changes(old[name], new[name]))}"


def source_changes(old: SourceReference, new: SourceReference) -> Iterator[str]:
    if shards_in_words(old) != shards_in_words(new):
        yield f"{shards_in_words(old)} → {shards_in_words(new)}"
    if old.num_tokens != new.num_tokens:
        yield changed_tokens(old.num_tokens, new.num_tokens)
    said = {"asset", "version", "digest", "tokens_file", "num_tokens"}
    yield from parameter_differences("", old.model_dump(exclude=said), new.model_dump(exclude=said))


def phases(before: Manifest, after: Manifest) -> Iterator[str]:
    """Phases by name: which came, went or changed places, their boundaries, tokens and shares."""
    old, new = by_name(before.phases), by_name(after.phases)
    if list(old) != list(new):
        yield f"phases: {', '.join(old)} → {', '.join(new)}"
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in old:
            yield f"phase {name} is new: {new[name].num_tokens:,} tokens in {new[name].num_steps:,} steps"
            yield from shares(name, {}, taken_of(after, new[name]))
        elif name not in new:
            yield f"phase {name} is gone: {old[name].num_tokens:,} tokens in {old[name].num_steps:,} steps"
        else:
            yield from phase_changes(before, old[name], after, new[name])


def phase_changes(before: Manifest, old: CompiledPhase, after: Manifest, new: CompiledPhase) -> Iterator[str]:
    if old.first_step != new.first_step:
        begins = (before.tokens_done(old.first_step), after.tokens_done(new.first_step))
        yield (
            f"phase {old.name} begins after step {old.first_step:,} → {new.first_step:,}, "
            f"{changed_tokens(*begins)} into the run"
        )
    if (old.num_steps, old.num_tokens) != (new.num_steps, new.num_tokens):
        yield (
            f"phase {old.name} takes {old.num_steps:,} → {new.num_steps:,} steps, "
            f"{changed_tokens(old.num_tokens, new.num_tokens)}"
        )
    if batch_in_words(old) != batch_in_words(new):
        yield f"phase {old.name} has steps of {batch_in_words(old)} → {batch_in_words(new)}"
    if old.transition != new.transition:
        yield f"phase {old.name} fades in {fade_in_words(old)} → {fade_in_words(new)}"
    old_taken, new_taken = taken_of(before, old), taken_of(after, new)
    yield from shares(old.name, old_taken, new_taken)
    if old_taken == new_taken and turns_of(before, old) != turns_of(after, new):
        yield f"phase {old.name} takes its sources in other turns, or at other places"


def shares(phase: str, before: Mapping[str, Taken], after: Mapping[str, Taken]) -> Iterator[str]:
    """Sources of a phase whose share or tokens changed."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, Taken()), after.get(name, Taken())
        if abs(new.share - old.share) >= SMALLEST_CHANGE or old.tokens != new.tokens:
            share = f"{old.share:.1%} → {new.share:.1%} ({(new.share - old.share) * 100:+.1f} points)"
            yield f"phase {phase}, {name}: {share}, {changed_tokens(old.tokens, new.tokens)}"


def epochs(before: Manifest, after: Manifest) -> Iterator[str]:
    """Passes over each source in the whole run."""
    old, new = epochs_by_source(before), epochs_by_source(after)
    changed = [
        f"{name} {old.get(name, 0.0):.2f} → {new.get(name, 0.0):.2f}"
        for name in sorted(old.keys() | new.keys())
        if abs(old.get(name, 0.0) - new.get(name, 0.0)) >= SMALLEST_CHANGE
    ]
    if changed:
        yield f"epochs in all: {', '.join(changed)}"


def schedule(before: Manifest, after: Manifest) -> Iterator[str]:
    if before.schedule != after.schedule:
        yield f"learning rate: {pieces_in_words(before.schedule.pieces)} → {pieces_in_words(after.schedule.pieces)}"


def same_steps(before: Manifest, after: Manifest) -> str:
    """How far both runs go through the same samples in the same way."""
    fixed = [field for field in FIXED if getattr(before, field) != getattr(after, field)]
    if fixed:
        return f"no step is the same, since the {' and the '.join(fixed)} changed"
    both = min(before.total_steps, after.total_steps)
    agreed = agreed_steps(before, after)
    difference = first_difference(before, after, both, agreed)
    same = difference.step if difference else both
    sentence = "no step is the same"
    if same:
        sentence = f"the first {same:,} steps ({before.tokens_done(same):,} tokens) are the same, sample for sample"
    if difference:
        sentence += f"; {difference}"
    if agreed > same:
        sentence += f"; the first {agreed:,} steps take the same samples"
    return sentence


def by_name(parts: Sequence[Named]) -> dict[str, Named]:
    return {part.name: part for part in parts}


def plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def start_in_words(manifest: Manifest) -> str:
    return str(manifest.start or "nothing")


def shards_in_words(source: SourceReference) -> str:
    return f"{source.asset}@{source.version} ({source.digest[:12]})"


def fade_in_words(phase: CompiledPhase) -> str:
    return f"over {phase.transition.num_samples:,} samples" if phase.transition else "at once"


def pieces_in_words(pieces: Sequence[Piece]) -> str:
    return ", ".join(
        f"{piece.shape} {piece.from_lr:g} to {piece.to_lr:g} until {piece.end_tokens:,} tokens" for piece in pieces
    )


def changed_tokens(before: int, after: int) -> str:
    return f"{before:,} → {after:,} tokens ({after - before:+,})"


def taken_of(manifest: Manifest, phase: CompiledPhase) -> dict[str, Taken]:
    """What a phase takes of each source."""
    return {
        source.name: Taken(samples / phase.num_samples, samples * phase.sequence_length)
        for source, samples in zip(manifest.sources, phase.samples, strict=True)
        if samples
    }


def turns_of(manifest: Manifest, phase: CompiledPhase) -> list[tuple[str, int, int]]:
    """What decides in which turns a phase takes its sources, and where in them."""
    columns = zip(manifest.sources, phase.weights, phase.cursors, strict=True)
    return [(source.name, weight, cursor) for source, weight, cursor in columns if weight]


def epochs_by_source(manifest: Manifest) -> dict[str, float]:
    """Passes over each source by the end of the run, those of the run it starts from included."""
    return {
        source.name: (source.cursor + tokens) / manifest.tokens_per_pass(source)
        for source, tokens in zip(manifest.sources, manifest.tokens_taken(), strict=True)
    }
