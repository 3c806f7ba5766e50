"""What a finished run reported."""

from dataclasses import dataclass, field

from pipelines.store import Artifact, Store
from training.launching.launch import RunState
from training.runs.metrics import StepMetrics

NUM_STEPS = 36


@dataclass
class TrainedRun:
    """A finished run and everything that was reported of it."""

    store: Store
    manifest: Artifact
    state: RunState
    sentences: list[str] = field(default_factory=list)
    metrics: list[StepMetrics] = field(default_factory=list)
