"""The plan of a manifest as Markdown, for its asset's page."""

from collections.abc import Mapping

from pipelines.store import Artifact
from training.manifest import Manifest, read_manifest
from training.planning.plan import PhasePlan, phase_plans


def plan_tables(artifact: Artifact) -> Mapping[str, str]:
    """The phases of a manifest, and what each takes of each source."""
    manifest = read_manifest(artifact)
    phases = phase_plans(manifest)
    return {"plan: phases": phases_table(phases), "plan: sources": sources_table(manifest, phases)}


def phases_table(phases: list[PhasePlan]) -> str:
    """Steps, tokens and the learning rate of each phase."""
    rows = [
        f"| {phase.name} | {phase.first_step:,}–{phase.last_step:,} | {phase.tokens:,} | "
        f"{phase.global_batch_size:,} × {phase.sequence_length:,} | {phase.first_lr:.3g} | {phase.last_lr:.3g} |"
        for phase in phases
    ]
    head = ["| phase | steps | tokens | batch | rate from | to |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    return "\n".join([*head, *rows])


def sources_table(manifest: Manifest, phases: list[PhasePlan]) -> str:
    """The share of each source in each phase, its tokens and its epochs in the run."""
    shares = [{source.source: f"{source.share:.1%}" for source in phase.sources} for phase in phases]
    rows = [
        f"| {source.name} | {' | '.join(of_phase.get(source.name, '–') for of_phase in shares)} | {tokens:,} | "
        f"{tokens / manifest.tokens_per_pass(source):.3f} |"
        for source, tokens in zip(manifest.sources, manifest.tokens_taken(), strict=True)
    ]
    head = [
        f"| source | {' | '.join(phase.name for phase in phases)} | tokens | epochs |",
        f"| --- |{' ---: |' * (len(phases) + 2)}",
    ]
    return "\n".join([*head, *rows])
