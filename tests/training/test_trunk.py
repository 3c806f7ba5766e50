"""A run that has not begun finds the checkpoint of another that its own plan leads to, and the one after most steps."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from recorded import WEIGHTS, record, run_with
from small_run import compiled, make_manifest, publish, small_recipe
from trained_run import NUM_STEPS

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.declared.trainer import TrainerDeclaration
from training.launching.dry_run import dry_run, planned_run
from training.lineage.verification import verify
from training.manifest import Manifest, read_manifest
from training.runs.amend import amend
from training.runs.chain import chain
from training.runs.checkpoints import checkpoint_folder, checkpoint_steps, get_checkpoint, step_folder
from training.runs.retention import remove_superseded
from training.runs.rows import read_rows
from training.runs.run import Run, create_run, open_run, steps_begun_with
from training.runs.trunk import begin

FIRST_PHASE = 21
OTHER_END = {"phases.1.blend": {"code": 0.5, "math": 0.5}}
LATER_RATE = {"schedule.final_lr_ratio": 0.2}  # another rate from the decay on


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A run of 36 steps, 21 of them in its first phase."""
    store, manifest = make_manifest(tmp_path, small_recipe(NUM_STEPS))
    run_with(store, manifest, 0, 10, FIRST_PHASE, 25, 35, NUM_STEPS)
    return store


def variant(store: Store, name: str, changes: dict[str, Any]) -> Artifact:
    """The manifest of the 36 steps' recipe under another name, with some fields changed."""
    fields = small_recipe(NUM_STEPS).model_dump(mode="json")
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = fields
        for part in parents:
            place = place[int(part)] if part.isdigit() else place[part]
        place[last] = value
    return compiled(store, small_recipe(NUM_STEPS, **(fields | {"name": name})))


def begun(store: Store, manifest: Artifact, until_step: int = NUM_STEPS) -> tuple[Run, list[str]]:
    """A run after it looked for a trunk, and what it said."""
    sentences: list[str] = []
    return begin(store, create_run(store, manifest), until_step, sentences.append), sentences


def test_a_dry_run_says_in_which_trunk_a_run_would_begin(store: Store) -> None:
    manifest = variant(store, "ablation", OTHER_END)
    before = sorted(store.root.rglob("*"))
    first, second, *_, command = dry_run(store, planned_run(store, manifest), TrainerDeclaration())
    assert first.startswith("ablation@1 begins at step 21 of small@1: both have the same plan up to there")
    assert "training ablation@1 up to step 36" in second
    assert second.endswith("it is at step 21")
    assert "ablation@1" in command
    assert sorted(store.root.rglob("*")) == before


def test_an_ablation_of_the_last_phase_begins_where_that_does(store: Store) -> None:
    run, sentences = begun(store, variant(store, "ablation", OTHER_END))
    assert sentences == [
        "ablation@1 begins at step 21 of small@1: both have the same plan up to there; "
        "21 of 36 steps are not trained again"
    ]
    trunk = open_run(store, "small@1")
    assert run.first_step == FIRST_PHASE
    assert checkpoint_steps(run) == [0, 10, FIRST_PHASE]
    assert get_checkpoint(run, FIRST_PHASE) == get_checkpoint(trunk, FIRST_PHASE)
    assert read_rows(run.metrics) == read_rows(trunk.metrics)[:FIRST_PHASE]
    assert [(part.name, part.first_step, part.end_step) for part in chain(store, run, 30)] == [("ablation@1", 0, 30)]
    assert begun(store, run.artifact) == (run, [])


def test_a_schedule_that_differs_later_shares_all_steps_before(store: Store) -> None:
    run, _ = begun(store, variant(store, "slower", LATER_RATE))
    rates = [(run.manifest.lr(step), open_run(store, "small@1").manifest.lr(step)) for step in range(NUM_STEPS)]
    first_other = next(step for step, (own, other) in enumerate(rates) if own != other)
    assert run.first_step == max(step for step in (0, 10, FIRST_PHASE, 25, 35) if step <= first_other)
    assert run.first_step > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"optimizer.weight_decay": 0.2},
        {"model": "llama_1m"},
        {"phases.0.blend": {"web": 0.5, "code": 0.5}},
        {"schedule.peak_lr": 1e-3},
    ],
)
def test_another_plan_from_the_first_step_on_has_no_trunk(store: Store, changes: dict[str, Any]) -> None:
    run, sentences = begun(store, variant(store, "other", changes))
    assert (run.declaration.beginning, sentences) == (None, [])


def test_shards_that_were_made_anew_have_no_trunk(store: Store) -> None:
    planned = read_manifest(variant(store, "ablation", OTHER_END)).model_dump(mode="json")
    sources = [source | {"digest": "0" * 64} for source in planned["sources"]]
    manifest = Manifest.model_validate(planned | {"sources": sources})
    run, _ = begun(store, publish(store, manifest, {}, []))
    assert run.declaration.beginning is None


def test_a_step_before_the_trunk_ends_is_still_trained_to(store: Store) -> None:
    run, _ = begun(store, variant(store, "ablation", OTHER_END), until_step=15)
    assert run.first_step == 10


def test_no_end_of_a_phase_is_passed_without_its_checkpoint(store: Store) -> None:
    of_one_source = {"blend": {"web": 1.0}, "sequence_length": 32, "global_batch_size": 12}
    whole = variant(store, "whole", {"phases": [{"name": "all"} | of_one_source]})
    run_with(store, whole, 0, 4, 8, 20)
    halves = [{"name": "half", "until": {"tokens": 6 * 12 * 32}} | of_one_source, {"name": "rest"} | of_one_source]
    run, _ = begun(store, variant(store, "halves", {"phases": halves}))
    assert run.first_step == 4


def test_checkpoints_before_come_through_trunks_of_trunks(store: Store) -> None:
    ablation, _ = begun(store, variant(store, "ablation", OTHER_END))
    for step in (28, 33):
        record(ablation, step, [])
    copy, sentences = begun(store, variant(store, "copy", OTHER_END))
    assert "copy@1 begins at step 33 of ablation@1" in sentences[0]
    assert checkpoint_steps(copy) == [0, 10, FIRST_PHASE, 28, 33]
    owners = [checkpoint_folder(copy, step).parents[1].name for step in (0, FIRST_PHASE, 28, 33, 36)]
    assert owners == ["small@1", "small@1", "ablation@1", "ablation@1", "copy@1"]
    assert [part.name for part in chain(store, copy, NUM_STEPS)] == ["copy@1"]


def test_an_altered_checkpoint_is_no_trunk_and_a_declared_one_is_looked_for_again(store: Store) -> None:
    trunk = open_run(store, "small@1")
    run, _ = begun(store, variant(store, "ablation", OTHER_END))
    (step_folder(trunk, FIRST_PHASE) / WEIGHTS).write_text("altered")
    with pytest.raises(PhaselineError, match=r"step-21/__0_0.distcp has changed"):
        get_checkpoint(run, FIRST_PHASE)
    run, sentences = begun(store, run.artifact)
    assert sentences[0] == (
        "step 21 of small@1, with which run ablation@1 begins, is gone or was altered; it begins anew"
    )
    assert "begins at step 10 of small@1" in sentences[1]
    assert len(read_rows(run.metrics)) == 10
    shutil.rmtree(trunk.folder)
    run, sentences = begun(store, run.artifact)
    assert run.declaration.beginning is None
    assert len(sentences) == 1


def test_a_run_with_checkpoints_of_its_own_outlives_its_trunk_which_is_missed(store: Store) -> None:
    run, _ = begun(store, variant(store, "ablation", OTHER_END))
    record(run, 28, [])
    shutil.rmtree(open_run(store, "small@1").folder)
    assert begun(store, run.artifact) == (run, [])
    assert checkpoint_steps(run) == [28]
    with pytest.raises(PhaselineError, match="run ablation@1 began at step 21 of a run that is gone"):
        get_checkpoint(run, FIRST_PHASE)
    findings = list(verify(store, run.artifact.asset, 1, run.name, print))
    assert [finding.artifact for finding in findings] == ["checkpoints/small@1@21"]


def test_what_others_began_with_is_kept(store: Store) -> None:
    trunk = open_run(store, "small@1")
    begun(store, variant(store, "ablation", OTHER_END), until_step=15)
    assert steps_begun_with(trunk) == {10}
    remove_superseded(trunk, keep_newest=1)
    assert checkpoint_steps(trunk) == [0, 10, FIRST_PHASE, 35, NUM_STEPS]


def test_a_run_that_began_in_a_trunk_is_amended_after_it_alone(store: Store) -> None:
    run, _ = begun(store, variant(store, "ablation", OTHER_END))
    with pytest.raises(PhaselineError, match=r"changes the past of run ablation@1: step \d+ takes token"):
        amend(store, run, variant(store, "ablation", {"phases.0.blend": {"web": 0.5, "code": 0.5}}))
    newer = amend(store, run, variant(store, "ablation", {"phases.1.blend": {"math": 1.0}}))
    assert (newer.first_step, newer.declaration.amended_at) == (FIRST_PHASE, FIRST_PHASE)
    assert checkpoint_steps(newer) == [0, 10, FIRST_PHASE]
