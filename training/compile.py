"""Compile a recipe against exact shards: every fraction and weight becomes whole steps and whole samples."""

from collections.abc import Mapping

import numpy as np

from pipelines.errors import PhaselineError
from pipelines.record import FileEntry
from pipelines.shards import TOKENS
from pipelines.store import Artifact, Draft, Outcome, Store
from training.manifest import (
    CompiledPhase,
    Manifest,
    ShardsReference,
    TokenizerReference,
    write_manifest,
)
from training.order import BLOCK, block_key, layout
from training.recipe import Phase, Recipe, refuse_unknown_sources
from training.schedule import Schedule

CODE_VERSION = "1"


def ensure_manifest(store: Store, recipe: Recipe, shards: Mapping[str, Artifact], tokenizer: Artifact) -> Outcome:
    """Publish ``manifests/<recipe>`` if the compiled content differs from the newest version's.

    Args:
        shards: the shards by the names that blends use; those that the recipe names become its parents.

    Raises:
        PhaselineError: the recipe does not fit the shards; nothing is written.
    """
    manifest = compile_recipe(recipe, shards, tokenizer)

    def make(draft: Draft) -> None:
        write_manifest(manifest, draft.folder)
        draft.facts |= {
            "manifest_digest": manifest.digest,
            "title": recipe.title,
            "paper": recipe.paper or "none",
            "evidence": [evidence.model_dump() for evidence in recipe.evidence],
            "total_steps": manifest.total_steps,
            "total_tokens": manifest.total_tokens,
            "total_samples": manifest.total_steps * manifest.global_batch_size,
            "samples_of_sources": sum(sum(phase.samples) for phase in manifest.phases),
        }

    return store.ensure(
        f"manifests/{recipe.name}",
        make,
        code_version=CODE_VERSION,
        parameters=manifest.model_dump(mode="json"),
        parents=[*(shards[source.name] for source in manifest.sources), tokenizer],
    )


def compile_recipe(recipe: Recipe, shards: Mapping[str, Artifact], tokenizer: Artifact) -> Manifest:
    """Resolve a recipe to whole steps and samples.

    Raises:
        PhaselineError: an unknown or too small source, a weight too small to be met, or too few tokens for a phase.
    """
    refuse_unknown_sources(recipe, shards, f"recipe {recipe.name}")
    sources = [reference(recipe, name, shards, tokenizer) for name in used_sources(recipe)]
    total_steps = recipe.tokens // (recipe.sequence_length * recipe.global_batch_size)
    return Manifest(
        recipe=recipe.name,
        seed=recipe.seed,
        sequence_length=recipe.sequence_length,
        global_batch_size=recipe.global_batch_size,
        model=recipe.model,
        optimizer=recipe.optimizer,
        schedule=compile_schedule(recipe, total_steps),
        tokenizer=TokenizerReference(
            asset=tokenizer.asset,
            version=tokenizer.record.version,
            digest=tokenizer.digest,
            vocab_size=tokenizer.record.facts["vocab_size"],
            end_of_text=tokenizer.record.facts["end_of_text"],
        ),
        sources=sources,
        phases=compile_phases(recipe, [source.name for source in sources], total_steps),
    )


def used_sources(recipe: Recipe) -> list[str]:
    """The names that a recipe's blends use, sorted."""
    return sorted({name for phase in recipe.phases for name in phase.blend})


def reference(recipe: Recipe, name: str, shards: Mapping[str, Artifact], tokenizer: Artifact) -> ShardsReference:
    """How the manifest refers to a source's shards; raises PhaselineError where they hold less than one window."""
    artifact = shards[name]
    made_with = [parent.digest for parent in artifact.record.parents if parent.asset == tokenizer.asset]
    if made_with != [tokenizer.digest]:
        raise PhaselineError(f"{artifact.name} was made with another tokenizer", f"materialise {artifact.asset} again")
    num_tokens = artifact.record.facts["num_tokens"]
    num_windows = max(num_tokens - 1, 0) // recipe.sequence_length
    if not num_windows:
        raise PhaselineError(
            f"recipe {recipe.name}: {name} holds {num_tokens} tokens, less than one window of "
            f"{recipe.sequence_length} and the token after it",
            "take it out of the blends, or shorten sequence_length",
        )
    return ShardsReference(
        name=name,
        asset=artifact.asset,
        version=artifact.record.version,
        digest=artifact.digest,
        tokens_file=tokens_file(artifact),
        num_tokens=num_tokens,
        num_windows=num_windows,
    )


def tokens_file(artifact: Artifact) -> FileEntry:
    """The record's entry of the token file."""
    return next(file for file in artifact.record.files if file.path == TOKENS)


def compile_schedule(recipe: Recipe, total_steps: int) -> Schedule:
    """The declared schedule in whole steps."""
    declared = recipe.schedule
    return Schedule(
        total_steps=total_steps,
        warmup_steps=round(declared.warmup_fraction * total_steps),
        decay_steps=round(declared.decay_fraction * total_steps),
        decay_shape=declared.decay_shape,
        peak_lr=declared.peak_lr,
        final_lr=declared.peak_lr * declared.final_lr_ratio,
    )


def compile_phases(recipe: Recipe, sources: list[str], total_steps: int) -> list[CompiledPhase]:
    """The phases in whole steps, each taking up every source where the one before it stopped."""
    phases: list[CompiledPhase] = []
    cursors = np.zeros(len(sources), dtype=np.int64)
    first_step, done = 0, 0.0
    for number, phase in enumerate(recipe.phases):
        done += phase.fraction
        num_steps = round(done * total_steps) - first_step
        if num_steps < 1:
            raise PhaselineError(
                f"recipe {recipe.name}: phases.{phase.name} has no whole step: a step takes "
                f"{recipe.sequence_length * recipe.global_batch_size:,} tokens",
                "raise tokens or the phase's fraction, or lower global_batch_size",
            )
        block = block_counts(recipe, phase, sources)
        blocks, rest = divmod(num_steps * recipe.global_batch_size, BLOCK)
        partial = layout(tuple(block), block_key(recipe.seed, number, blocks)).source[:rest]
        samples = blocks * np.array(block) + np.bincount(partial, minlength=len(sources))
        phases.append(
            CompiledPhase(
                name=phase.name,
                first_step=first_step,
                num_steps=num_steps,
                block=block,
                cursors=cursors.tolist(),
                samples=samples.tolist(),
            )
        )
        cursors += samples
        first_step += num_steps
    return phases


def block_counts(recipe: Recipe, phase: Phase, sources: list[str]) -> list[int]:
    """The blend in samples of a mixing block, by largest remainder; raises PhaselineError for a weight that is lost."""
    quotas = np.array([phase.blend.get(name, 0.0) for name in sources]) * (BLOCK / sum(phase.blend.values()))
    counts = np.floor(quotas).astype(np.int64)
    remainders = np.argsort(counts - quotas, kind="stable")
    counts[remainders[: BLOCK - counts.sum()]] += 1
    for name, count in zip(sources, counts.tolist(), strict=True):
        if name in phase.blend and not count:
            raise PhaselineError(
                f"recipe {recipe.name}: phases.{phase.name}.blend.{name}: {phase.blend[name]} is less than a sample "
                f"in {BLOCK}",
                f"raise it to at least {1 / BLOCK:.6f}, or take it out",
            )
    return counts.tolist()
