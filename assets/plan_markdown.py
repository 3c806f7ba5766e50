"""The plan of a manifest as Markdown, for its asset's page."""

from collections.abc import Mapping

from pipelines.store import Artifact
from training.manifest import CompiledPhase, Manifest, read_manifest


def plan_tables(artifact: Artifact) -> Mapping[str, str]:
    """The phases of a manifest, and what each takes of each source."""
    manifest = read_manifest(artifact)
    return {"plan: phases": phases(manifest), "plan: sources": sources(manifest)}


def phases(manifest: Manifest) -> str:
    """Steps, tokens and the learning rate of each phase."""
    rows = [
        f"| {phase.name} | {phase.first_step + 1:,}–{phase.end_step:,} | {tokens_of(phase):,} | "
        f"{phase.global_batch_size:,} × {phase.sequence_length:,} | {manifest.lr(phase.first_step):.3g} | "
        f"{manifest.lr(phase.end_step - 1):.3g} |"
        for phase in manifest.phases
    ]
    head = ["| phase | steps | tokens | batch | rate from | to |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    return "\n".join([*head, *rows])


def sources(manifest: Manifest) -> str:
    """The share of each source in each phase, its tokens and its epochs in the run."""
    names = [phase.name for phase in manifest.phases]
    rows = []
    for number, source in enumerate(manifest.sources):
        shares = [phase.samples[number] / phase.num_samples for phase in manifest.phases]
        tokens = sum(phase.samples[number] * phase.sequence_length for phase in manifest.phases)
        epochs = tokens / (source.num_windows * manifest.window_length)
        cells = [source.name, *(f"{share:.1%}" if share else "–" for share in shares), f"{tokens:,}", f"{epochs:.3f}"]
        rows.append(f"| {' | '.join(cells)} |")
    head = [f"| source | {' | '.join(names)} | tokens | epochs |", f"| --- |{' ---: |' * (len(names) + 2)}"]
    return "\n".join([*head, *rows])


def tokens_of(phase: CompiledPhase) -> int:
    return phase.num_steps * phase.tokens_per_step
