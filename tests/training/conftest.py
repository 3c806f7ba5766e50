"""One unbroken run on two processes, which the tests of training compare with."""

from dataclasses import dataclass, field

import pytest
from small_run import make_manifest, small_recipe

from pipelines.store import Artifact, Store
from training.runs.launch import RunState, train
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


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    store, manifest = make_manifest(tmp_path_factory.mktemp("unbroken"), small_recipe(NUM_STEPS))
    sentences: list[str] = []
    metrics: list[StepMetrics] = []
    state = train(
        store,
        manifest,
        until_step=NUM_STEPS,
        num_processes=2,
        checkpoint_every_steps=5,
        report=sentences.append,
        on_metrics=metrics.append,
    )
    return TrainedRun(store, manifest, state, sentences, metrics)
