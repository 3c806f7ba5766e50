"""Runs that begin in others, trained: a trunk's run equals one from scratch, a branch goes on from what it loaded."""

import shutil
from typing import Any

import pytest
from first_loss import loss_of_checkpoint
from optimizers import optimizer_steps
from small_run import compiled, small_recipe
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from pipelines.record import FileEntry
from pipelines.store import Artifact, Store
from training.launching.launch import train
from training.runs.branch import branch
from training.runs.chain import chain
from training.runs.checkpoints import get_checkpoint, own_steps
from training.runs.metrics import read_metrics
from training.runs.run import Run, create_run, open_run

FIRST_PHASE = 21


@pytest.fixture(scope="module")
def store(unbroken: TrainedRun, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A copy of the unbroken run's, to write in."""
    home = tmp_path_factory.mktemp("branches") / "home"
    shutil.copytree(unbroken.store.root, home)
    return Store(home)


def ablation(store: Store, **changes: Any) -> Artifact:
    """The unbroken run's recipe with another second phase."""
    phases = small_recipe(NUM_STEPS).model_dump(mode="json")["phases"]
    phases[1] |= {"blend": {"code": 0.5, "math": 0.5}}
    return compiled(store, small_recipe(NUM_STEPS, name="ablation", phases=phases, **changes))


def weights_at(run: Run, step: int) -> list[FileEntry]:
    return [file for file in get_checkpoint(run, step).record.files if file.path.endswith(".distcp")]


def test_a_run_in_a_trunk_equals_one_trained_from_scratch(
    store: Store, unbroken: TrainedRun, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sentences: list[str] = []
    artifact = ablation(store)
    assert own_steps(train(store, artifact, until_step=FIRST_PHASE, trainer=on(2), report=sentences.append).run) == []
    state = train(store, artifact, until_step=NUM_STEPS, trainer=on(2), report=sentences.append)
    assert sentences[0].startswith("ablation@1 begins at step 21 of small@1: both have the same plan")
    assert state.checkpoints[:2] == [0, FIRST_PHASE]
    assert min(own_steps(state.run)) > FIRST_PHASE

    apart = Store(tmp_path_factory.mktemp("scratch"))
    scratch = ablation(apart)
    alone = train(apart, scratch, until_step=NUM_STEPS, trainer=on(2), report=print)
    rows, rows_alone = read_metrics(state.run.metrics), read_metrics(alone.run.metrics)
    assert [(row["step"], row["loss"], row["grad_norm"], row["lr"]) for row in rows] == [
        (row["step"], row["loss"], row["grad_norm"], row["lr"]) for row in rows_alone
    ]
    assert [row["loss"] for row in rows[:FIRST_PHASE]] == [row["loss"] for row in unbroken.metrics[:FIRST_PHASE]]
    assert weights_at(state.run, NUM_STEPS) == weights_at(alone.run, NUM_STEPS)
    assert get_checkpoint(state.run, NUM_STEPS).record.parents == [
        artifact.parent,
        get_checkpoint(open_run(store, "small@1"), FIRST_PHASE).parent,
    ]
    assert [part.name for part in chain(store, state.run, NUM_STEPS)] == ["ablation@1"]


@pytest.mark.parametrize(("optimizer", "updates"), [("loaded", FIRST_PHASE + 2), ("fresh", 2)])
def test_a_branch_counts_on_with_the_weights_of_another_plan(store: Store, optimizer: Any, updates: int) -> None:
    base = open_run(store, "small@1")
    artifact = compiled(store, small_recipe(NUM_STEPS, name=f"branch_{optimizer}", seed=8))
    sentences: list[str] = []
    run = branch(store, create_run(store, artifact), base, FIRST_PHASE, optimizer, sentences.append)
    assert "its own plan of the steps before differs: another seed; step 1 takes token" in sentences[0]
    state = train(store, artifact, until_step=FIRST_PHASE + 2, trainer=on(1), report=print)
    rows = read_metrics(run.metrics)
    assert [row["step"] for row in rows] == list(range(1, FIRST_PHASE + 3))
    assert rows[:FIRST_PHASE] == read_metrics(base.metrics)[:FIRST_PHASE]
    loss = loss_of_checkpoint(store, base, FIRST_PHASE, artifact, at_step=FIRST_PHASE)
    assert rows[FIRST_PHASE]["loss"] == pytest.approx(loss, abs=1e-5)
    assert [row["lr"] for row in rows[FIRST_PHASE:]] == [run.manifest.lr(21), run.manifest.lr(22)]
    assert optimizer_steps(state.run, FIRST_PHASE + 2) == {updates}
    assert [(part.name, part.first_step, part.end_step) for part in chain(store, state.run, FIRST_PHASE + 2)] == [
        ("small@1", 0, FIRST_PHASE),
        (f"branch_{optimizer}@1", FIRST_PHASE, FIRST_PHASE + 2),
    ]
