"""What a manifest costs to train: FLOPs, and hours on declared hardware."""

import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from pipelines.declared import Declared, read_declaration
from pipelines.evidence import EvidenceLabel
from pipelines.record import read_record
from training.manifest import Compiled, Manifest
from training.models.presets import model_preset
from training.models.shape import ModelShape
from training.runs.metrics import StepMetrics

HARDWARE = Path(__file__).resolve().parent / "hardware.yaml"
RECENT_BYTES = 1 << 16  # of a run's metrics: the last few hundred steps
SECONDS_PER_HOUR = 3600

Rate = Annotated[float, Field(gt=0)]


class MeasuredRate(Declared):
    """The speed at which the hardware trained a model."""

    model: str
    vocab_size: Annotated[int, Field(gt=0)]
    sequence_length: Annotated[int, Field(gt=0)]
    tokens_per_second: Rate

    @property
    def flops_per_second(self) -> float:
        shape = model_preset(self.model).shape
        return self.tokens_per_second * flops_per_token(shape, self.vocab_size, self.sequence_length)


class ReachedShare(Declared):
    """The peak of one device, and the range of shares of it that training reaches (MFU)."""

    peak_flops_per_second: Rate
    utilisation: tuple[Rate, Rate]


class Hardware(Declared):
    """Devices that train together, and the sizes of models that their rate says something of.

    ``measured`` is the rate of all devices, ``parameters`` at least the first number and less than the second.
    """

    name: str
    num_devices: Annotated[int, Field(gt=0)]
    parameters: tuple[int, int]
    measured: MeasuredRate | None = None
    reached: ReachedShare | None = None
    label: EvidenceLabel
    says: str

    @model_validator(mode="after")
    def _one_rate(self) -> "Hardware":
        if (self.measured is None) == (self.reached is None):
            raise ValueError("give either measured or reached")
        return self

    @property
    def flops_per_second(self) -> tuple[float, float]:
        """What all devices reach, at least and at most."""
        if self.reached is None:
            assert self.measured is not None
            return self.measured.flops_per_second, self.measured.flops_per_second
        peak = self.reached.peak_flops_per_second * self.num_devices
        return self.reached.utilisation[0] * peak, self.reached.utilisation[1] * peak


class HardwareDeclaration(Declared):
    """The file of hardware."""

    hardware: tuple[Hardware, ...]


class RunRate(Compiled):
    """The speed of a run that was made before."""

    run: str
    tokens_per_second: float


class Hours(Compiled):
    """How long training takes on some hardware. ``label`` and ``says`` are the evidence for the rate."""

    hardware: str
    num_devices: int | None  # None where an earlier run's rate is used, which does not say
    least: float
    most: float  # differs where the rate is a range
    label: EvidenceLabel
    says: str


class Cost(Compiled):
    """What a run takes. ``hours`` begins with what was measured nearest to it."""

    num_parameters: int
    tokens: int
    flops: int
    flops_of_phases: dict[str, int]
    hours: list[Hours]


def read_hardware(path: Path = HARDWARE) -> tuple[Hardware, ...]:
    """The declared hardware; raises PhaselineError for an invalid file."""
    return read_declaration(path, HardwareDeclaration).hardware


def cost_of(manifest: Manifest, hardware: Sequence[Hardware], before: RunRate | None = None) -> Cost:
    """The cost of a manifest, on the hardware that says something of models of its size.

    Args:
        before: the rate of an earlier run of the same model, which then comes first.

    Raises:
        PhaselineError: an unknown model.
    """
    shape = model_preset(manifest.model).shape
    flops = {
        phase.name: phase.num_samples
        * phase.sequence_length
        * flops_per_token(shape, manifest.tokenizer.vocab_size, phase.sequence_length)
        for phase in manifest.phases
    }
    return Cost(
        num_parameters=shape.num_parameters(manifest.tokenizer.vocab_size),
        tokens=manifest.total_tokens,
        flops=sum(flops.values()),
        flops_of_phases=flops,
        hours=list(hours_on(manifest, sum(flops.values()), hardware, before)),
    )


def flops_per_token(shape: ModelShape, vocab_size: int, sequence_length: int) -> int:
    """FLOPs of one token forward and backward: 6 N + 12 L H Q T (PaLM, arXiv:2204.02311, appendix B).

    N are the weights that multiply activations, so an input embedding that is not tied is left out; L layers of H
    heads of size Q, and T is the sequence length. Attention is counted in full: masks of the future and of other
    documents are no saving.
    """
    looked_up = 0 if shape.tied_embeddings else vocab_size * shape.dim
    num_weights = shape.num_parameters(vocab_size) - looked_up
    return 6 * num_weights + 12 * shape.num_layers * shape.num_heads * shape.head_dim * sequence_length


def hours_on(manifest: Manifest, flops: int, hardware: Sequence[Hardware], before: RunRate | None) -> Iterator[Hours]:
    """The hours of a manifest, those from an earlier run first."""
    if before is not None:
        hours = manifest.total_tokens / before.tokens_per_second / SECONDS_PER_HOUR
        yield Hours(
            hardware=f"as {before.run}",
            num_devices=None,
            least=hours,
            most=hours,
            label="own",
            says=f"measured on {before.run}: {before.tokens_per_second:,.0f} tokens/s",
        )
    num_parameters = model_preset(manifest.model).shape.num_parameters(manifest.tokenizer.vocab_size)
    for entry in hardware:
        if not entry.parameters[0] <= num_parameters < entry.parameters[1]:
            continue
        slowest, fastest = entry.flops_per_second
        of_another_model = entry.measured is not None and entry.measured.model != manifest.model
        yield Hours(
            hardware=entry.name,
            num_devices=entry.num_devices,
            least=flops / fastest / SECONDS_PER_HOUR,
            most=flops / slowest / SECONDS_PER_HOUR,
            label="derived" if of_another_model else entry.label,
            says=entry.says,
        )


def rate_of_earlier_run(home: Path, model: str) -> RunRate | None:
    """The rate of the run of a model that trained last, the median of its last steps; None where there is none."""
    found = sorted((home / "runs").glob("*/metrics.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found:
        recent = recent_metrics(path)
        if recent and read_record(path.parent / "checkpoints" / "step-0").parameters["model"] == model:
            rate = statistics.median(row["tokens_per_second"] for row in recent)
            return RunRate(run=path.parent.name, tokens_per_second=rate)
    return None


def recent_metrics(path: Path) -> list[StepMetrics]:
    """The metrics of a run's last steps; lines that are cut or still being written are left out."""
    with path.open("rb") as file:
        start = max(0, path.stat().st_size - RECENT_BYTES)
        file.seek(start)
        lines = file.read().splitlines(keepends=True)[1 if start else 0 :]
    return [json.loads(line) for line in lines if line.endswith(b"\n")]
