"""A run in flight takes over a newer manifest whose past is its own, and no other."""

from typing import Any

import pytest
from small_run import compiled, make_manifest, small_recipe
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.launching.launch import train
from training.runs.amend import amend
from training.runs.checkpoints import get_checkpoint
from training.runs.metrics import read_metrics
from training.runs.run import Run, create_run, open_run

STEPS_DONE = 18
FUTURE_TOKENS = 3 * 16 * 16 + 15 * 12 * 32  # of the 3 steps that are left of the first phase, and of the second


def other_future() -> dict[str, Any]:
    """A recipe that differs from the unbroken run's after step 18: in rate from there on, and in the second phase."""
    recipe = small_recipe(NUM_STEPS).model_dump(mode="json")
    recipe["schedule"]["decay"] = {"tokens": FUTURE_TOKENS, "shape": "linear"}
    recipe["phases"][1]["blend"] = {"code": 0.5, "math": 0.5}
    return recipe


@pytest.fixture(scope="module")
def half_trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Run]:
    store, manifest = make_manifest(tmp_path_factory.mktemp("half"), small_recipe(NUM_STEPS, **other_future()))
    state = train(store, manifest, until_step=STEPS_DONE, trainer=on(1), report=print)
    return store, state.run


def newer(store: Store, **changes: Any) -> Artifact:
    return compiled(store, small_recipe(NUM_STEPS, **(other_future() | changes)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 8}, "changes the seed of run small@1"),
        ({"model": "llama_3m"}, "changes the model of run small@1"),
        ({"optimizer": {"weight_decay": 0.2}}, "changes the optimizer of run small@1"),
    ],
)
def test_what_every_step_depends_on_stays(
    half_trained: tuple[Store, Run], changes: dict[str, Any], message: str
) -> None:
    store, run = half_trained
    with pytest.raises(PhaselineError, match=message) as refusal:
        amend(store, run, newer(store, **changes))
    assert "as a run of its own" in refusal.value.remedy


def test_a_change_of_a_step_that_is_done_is_refused(half_trained: tuple[Store, Run]) -> None:
    store, run = half_trained
    phases = other_future()["phases"]
    phases[0] |= {"blend": {"web": 0.5, "code": 0.5}}
    with pytest.raises(PhaselineError, match=r"changes the past of run small@1: step \d+ takes token .* of (web|code)"):
        amend(store, run, newer(store, phases=phases))
    schedule = other_future()["schedule"] | {"decay": {"tokens": FUTURE_TOKENS + 256, "shape": "linear"}}
    with pytest.raises(PhaselineError, match=r"past of run small@1: step 18 has the learning rate 0\.00"):
        amend(store, run, newer(store, schedule=schedule))
    with pytest.raises(PhaselineError, match="ends at step 12, and run small@1 is at 18"):
        amend(store, run, compiled(store, small_recipe(12)))
    assert open_run(store, run.name) == run


def test_a_manifest_of_another_recipe_or_run_is_refused(half_trained: tuple[Store, Run]) -> None:
    store, run = half_trained
    with pytest.raises(PhaselineError, match="manifests/other@1 is another recipe's"):
        amend(store, run, compiled(store, small_recipe(name="other")))
    trained_elsewhere = newer(store, seed=9)
    create_run(store, trained_elsewhere)
    with pytest.raises(PhaselineError, match=rf"run small@\d+ follows {trained_elsewhere.name} already"):
        amend(store, run, trained_elsewhere)


def test_an_amended_run_of_one_process_equals_one_of_two_that_was_trained_so_from_the_start(
    half_trained: tuple[Store, Run], unbroken: TrainedRun
) -> None:
    store, run = half_trained
    manifest = compiled(store, small_recipe(NUM_STEPS))
    amended = amend(store, run, manifest)
    assert (amended.name, amended.artifact, amended.declaration.amended_at) == ("small@1", manifest, STEPS_DONE)
    assert amend(store, amended, manifest) == amended

    state = train(store, manifest, until_step=NUM_STEPS, trainer=on(1), report=print)
    assert state.run == amended
    rows = read_metrics(amended.metrics)
    assert [row["lr"] for row in rows] == [row["lr"] for row in unbroken.metrics]
    assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in unbroken.metrics], abs=1e-4)
    assert state.checkpoints == [0, 15, STEPS_DONE, 21, 30, 35, 36]
    assert get_checkpoint(amended, STEPS_DONE).record.parents == [run.artifact.parent]
    assert get_checkpoint(amended, 36).record.parents == [manifest.parent]
    with pytest.raises(PhaselineError, match="run small@1 follows another manifest"):
        create_run(store, run.artifact)
