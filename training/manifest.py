"""The manifest: a recipe compiled against exact shards. Immutable; everything a run sees is a function of it."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipelines.digests import canonical_json, value_digest
from pipelines.errors import PhaselineError
from pipelines.record import FileEntry
from pipelines.store import Artifact
from training.recipe import OptimizerDeclaration
from training.schedule import Schedule

MANIFEST = "manifest.json"


class Compiled(BaseModel):
    """A part of a manifest: immutable, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ShardsReference(Compiled):
    """The exact shards behind a source of the blend. A window is ``sequence_length`` tokens and the one after them."""

    name: str
    asset: str
    version: int
    digest: str
    tokens_file: FileEntry
    num_tokens: int
    num_windows: int


class TokenizerReference(Compiled):
    """The tokenizer that the shards were made with."""

    asset: str
    version: int
    digest: str
    vocab_size: int
    end_of_text: int


class CompiledPhase(Compiled):
    """A phase in whole steps and samples.

    ``block`` holds the samples of each source in one mixing block, in the order of the manifest's sources;
    ``cursors`` the samples of each source that earlier phases took; ``samples`` those that this phase takes.
    """

    name: str
    first_step: int
    num_steps: int
    block: list[int]
    cursors: list[int]
    samples: list[int]

    @property
    def end_step(self) -> int:
        """The step after the phase's last one, which is the number of steps done when it ends."""
        return self.first_step + self.num_steps


class Manifest(Compiled):
    """Steps and samples are counted from 0; step ``t`` takes the samples from ``t * global_batch_size`` on."""

    recipe: str
    seed: int
    sequence_length: int
    global_batch_size: int
    model: str
    optimizer: OptimizerDeclaration
    schedule: Schedule
    tokenizer: TokenizerReference
    sources: list[ShardsReference]
    phases: list[CompiledPhase]

    @property
    def total_steps(self) -> int:
        return self.phases[-1].end_step

    @property
    def tokens_per_step(self) -> int:
        return self.global_batch_size * self.sequence_length

    @property
    def total_tokens(self) -> int:
        return self.total_steps * self.tokens_per_step

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all the above."""
        return value_digest(self.model_dump(mode="json"))

    def phase_at(self, step: int) -> CompiledPhase:
        """The phase that a step belongs to; raises IndexError outside of the run."""
        for phase in self.phases:
            if phase.first_step <= step < phase.end_step:
                return phase
        raise IndexError(f"step {step} is outside of [0, {self.total_steps})")

    def phase(self, name: str) -> CompiledPhase:
        """The phase of a name; raises KeyError for an unknown one."""
        return {phase.name: phase for phase in self.phases}[name]


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write a manifest as canonical JSON."""
    (folder / MANIFEST).write_bytes(canonical_json(manifest.model_dump(mode="json")))


def read_manifest(artifact: Artifact) -> Manifest:
    """The manifest in an artifact; raises PhaselineError where its bytes are not what was published."""
    manifest = Manifest.model_validate(json.loads((artifact.folder / MANIFEST).read_bytes()))
    if manifest.digest != artifact.record.facts["manifest_digest"]:
        raise PhaselineError(f"{artifact.name} was altered after it was published", "restore it from a copy")
    return manifest
