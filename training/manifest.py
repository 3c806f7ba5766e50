"""The manifest: a recipe compiled against exact shards. Immutable; everything a run sees is a function of it."""

import bisect
import json
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipelines.digests import canonical_json, value_digest
from pipelines.errors import PhaselineError
from pipelines.record import FileEntry, Parent
from pipelines.store import Artifact
from training.declared.recipe import OptimizerDeclaration
from training.schedule import Schedule

MANIFEST = "manifest.json"
BASE_MODELS = "base_models/"  # and the recipe's name: the assets of foreign models


class Compiled(BaseModel):
    """A part of a manifest: immutable, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceReference(Compiled):
    """A source of the blends: the tokens of exact shards, of a stretch of them, or of selected documents in them.

    Its tokens are read as one stream, ``num_tokens`` long. The stream starts at ``first_token`` of the token file and
    has no gaps, unless ``extents`` names a file that lists the selected stretches. A window is ``window_length`` tokens
    of the stream and the one after them.
    """

    name: str
    asset: str
    version: int
    digest: str
    tokens_file: FileEntry
    first_token: int = 0
    extents: FileEntry | None = None
    num_tokens: int
    num_windows: int
    cursor: int = 0  # tokens of the stream that were taken before this run, by the one it starts from

    @property
    def shards(self) -> Parent:
        """The artifact that its tokens lie in."""
        return Parent(asset=self.asset, version=self.version, digest=self.digest)


class TokenizerReference(Compiled):
    """The tokenizer that the shards were made with."""

    asset: str
    version: int
    digest: str
    vocab_size: int
    end_of_text: int

    @property
    def artifact(self) -> Parent:
        return Parent(asset=self.asset, version=self.version, digest=self.digest)


class Transition(Compiled):
    """How a phase fades in over the ``num_samples`` samples around its first one, half of them before it.

    ``incoming[k]`` of the first ``k * num_samples // (len(incoming) - 1)`` samples of that stretch belong to the phase
    that begins, the others to the one that ends; between these places both take turns evenly.
    """

    num_samples: int
    incoming: list[int]


class CompiledPhase(Compiled):
    """A phase in whole steps and samples. Lists are in the order of the manifest's sources.

    ``weights`` are the proportions in which samples of the sources take turns, ``samples`` how many of each the phase
    takes in all. ``cursors`` are the tokens of each source's stream that were taken before the phase, rounded up to
    whole sequences of it. Where phases fade into each other their samples interleave; counts and cursors stay.
    """

    name: str
    first_step: int
    num_steps: int
    first_sample: int
    sequence_length: int
    global_batch_size: int
    weights: list[int]
    samples: list[int]
    cursors: list[int]
    transition: Transition | None = None

    @property
    def end_step(self) -> int:
        """The step after the phase's last one, which is the number of steps done when it ends."""
        return self.first_step + self.num_steps

    @property
    def num_samples(self) -> int:
        return self.num_steps * self.global_batch_size

    @property
    def tokens_per_step(self) -> int:
        return self.global_batch_size * self.sequence_length

    @property
    def num_tokens(self) -> int:
        return self.num_steps * self.tokens_per_step


class StartReference(Compiled):
    """The checkpoint that a run starts from: another run's, after ``step`` steps of its manifest."""

    manifest: str  # name@version
    manifest_digest: str
    step: int
    optimizer: str  # "fresh" or "loaded"

    def __str__(self) -> str:
        return f"step {self.step:,} of {self.manifest}, optimizer {self.optimizer}"


class BaseModelReference(Compiled):
    """The foreign model that a run starts from; what that was trained on is not known."""

    asset: str
    version: int
    digest: str
    optimizer: Literal["fresh"] = "fresh"

    @property
    def artifact(self) -> Parent:
        return Parent(asset=self.asset, version=self.version, digest=self.digest)

    def __str__(self) -> str:
        return f"{self.asset}@{self.version}, optimizer {self.optimizer}"


class Manifest(Compiled):
    """Steps and samples are counted from 0; step ``t`` of a phase takes ``global_batch_size`` samples of it."""

    recipe: str
    seed: int
    model: str
    optimizer: OptimizerDeclaration
    schedule: Schedule
    tokenizer: TokenizerReference
    window_length: int  # the longest sequence of any phase; all others divide it
    start: StartReference | BaseModelReference | None = None
    sources: list[SourceReference]
    phases: list[CompiledPhase]

    @property
    def total_steps(self) -> int:
        return self.phases[-1].end_step

    @property
    def total_samples(self) -> int:
        return self.phases[-1].first_sample + self.phases[-1].num_samples

    @property
    def total_tokens(self) -> int:
        return self.tokens_done(self.total_steps)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all the above."""
        return value_digest(self.model_dump(mode="json"))

    def phase_at(self, step: int) -> CompiledPhase:
        """The phase that a step belongs to; raises IndexError outside of the run."""
        if not 0 <= step < self.total_steps:
            raise IndexError(f"step {step} is outside of [0, {self.total_steps})")
        return self.phases[bisect.bisect_right([phase.first_step for phase in self.phases], step) - 1]

    def phase(self, name: str) -> CompiledPhase:
        """The phase of a name; raises KeyError for an unknown one."""
        return {phase.name: phase for phase in self.phases}[name]

    def samples_done(self, steps: int) -> int:
        """The samples of the first ``steps`` steps: step ``t`` takes [samples_done(t), samples_done(t + 1)).

        Raises:
            IndexError: not in [0, total_steps].
        """
        if steps == self.total_steps:
            return self.total_samples
        phase = self.phase_at(steps)
        return phase.first_sample + (steps - phase.first_step) * phase.global_batch_size

    def tokens_done(self, steps: int) -> int:
        """The tokens of the first ``steps`` steps; raises IndexError if not in [0, total_steps]."""
        if not 0 <= steps <= self.total_steps:
            raise IndexError(f"step {steps} is outside of [0, {self.total_steps}]")
        return sum(
            (min(steps, phase.end_step) - phase.first_step) * phase.tokens_per_step
            for phase in self.phases
            if phase.first_step < steps
        )

    def step_of(self, sample: int) -> int:
        """The step that takes a sample; raises IndexError outside of the run."""
        if not 0 <= sample < self.total_samples:
            raise IndexError(f"sample {sample} is outside of [0, {self.total_samples})")
        phase = self.phases[bisect.bisect_right([phase.first_sample for phase in self.phases], sample) - 1]
        return phase.first_step + (sample - phase.first_sample) // phase.global_batch_size

    def tokens_per_pass(self, source: SourceReference) -> int:
        """The tokens of one pass over a source: its whole windows."""
        return source.num_windows * self.window_length

    def tokens_taken(self) -> list[int]:
        """The tokens that the whole run takes of each source."""
        return [
            sum(phase.samples[number] * phase.sequence_length for phase in self.phases)
            for number in range(len(self.sources))
        ]

    def lr(self, step: int) -> float:
        """The learning rate that the optimizer uses at a step, counted from 0."""
        return self.schedule.lr(self.tokens_done(step + 1))


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write a manifest as canonical JSON."""
    (folder / MANIFEST).write_bytes(canonical_json(manifest.model_dump(mode="json")))


def read_manifest(artifact: Artifact) -> Manifest:
    """The manifest in an artifact; raises PhaselineError where its bytes are not what was published."""
    manifest = Manifest.model_validate(json.loads((artifact.folder / MANIFEST).read_bytes()))
    if manifest.digest != artifact.record.facts["manifest_digest"]:
        raise PhaselineError(f"{artifact.name} was altered after it was published", "restore it from a copy")
    return manifest
