"""One unbroken run on two processes, which the tests of training compare with."""

import pytest
from small_run import make_manifest, small_recipe
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from training.launching.launch import train
from training.runs.metrics import StepMetrics


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    store, manifest = make_manifest(tmp_path_factory.mktemp("unbroken"), small_recipe(NUM_STEPS))
    sentences: list[str] = []
    metrics: list[StepMetrics] = []
    state = train(
        store,
        manifest,
        until_step=NUM_STEPS,
        trainer=on(2),
        report=sentences.append,
        on_metrics=metrics.append,
    )
    return TrainedRun(store, manifest, state, sentences, metrics)
