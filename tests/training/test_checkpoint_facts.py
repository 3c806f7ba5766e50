"""What records hand on from checkpoint to checkpoint, over runs that begin in others and machines that come and go."""

import shutil
from pathlib import Path

import pytest
from recorded_bills import facts, processes, record
from small_run import compiled, make_manifest, small_recipe

from pipelines.store import Artifact, Store
from training.bill.bill import bill_of_chain
from training.compiler.compile import BaseRun
from training.runs.branch import branch
from training.runs.chain import chain
from training.runs.checkpoint_facts import CheckpointFacts, read_bill
from training.runs.checkpoints import read_checkpoint, step_folder
from training.runs.history import TrainedBy
from training.runs.run import Run, create_run

FIRST, SECOND, THIRD = processes(2, "t0"), processes(1, "t1"), processes(8, "t2")


def stints(facts: CheckpointFacts) -> list[tuple[str, int, int, TrainedBy]]:
    return [(stint.run, stint.first_step, stint.end_step, stint.by) for stint in facts.history]


@pytest.fixture
def base(tmp_path: Path) -> tuple[Store, Run]:
    """A run of 12 steps, the first 5 by two processes, then one; with checkpoints at 0, 5, 7 and 12."""
    store, manifest = make_manifest(tmp_path, small_recipe(12))
    run = create_run(store, manifest)
    record(store, run, 0, FIRST)
    record(store, run, 5, FIRST)
    record(store, run, 7, SECOND)
    record(store, run, 12, SECOND)
    return store, run


def continued(store: Store, base: Run) -> Artifact:
    """A manifest that goes on after the base run."""
    recipe = small_recipe(
        name="more",
        tokens=6 * 12 * 32,
        start_from={"recipe": "small"},
        schedule={"kind": "cosine", "peak_lr": "from_checkpoint", "final_lr_ratio": 0.01},
        phases=[{"name": "more", "blend": {"web": 0.5, "math": 0.5}}],
    )
    return compiled(store, recipe, BaseRun("small@1", base.manifest, 12))


def test_a_continued_run_knows_its_base_when_that_is_gone(base: tuple[Store, Run]) -> None:
    store, before = base
    run = create_run(store, continued(store, before))
    record(store, run, 0, THIRD, [read_checkpoint(before, 12).parent])
    of_chain = bill_of_chain(store, chain(store, run, 4))
    shutil.rmtree(before.folder)
    shutil.rmtree(store.folder("manifests/small"))
    at_4 = record(store, run, 4, THIRD)
    assert at_4.bill == of_chain
    assert (at_4.step, at_4.bill.steps, at_4.phase) == (4, 16, "more")
    assert [(stretch.manifest, stretch.first_step, stretch.end_step) for stretch in at_4.bill.stretches] == [
        ("small@1", 0, 12),
        ("more@1", 0, 4),
    ]
    assert stints(at_4) == [("small@1", 0, 5, FIRST), ("small@1", 5, 12, SECOND), ("more@1", 0, 4, THIRD)]
    assert {"manifests/small", "manifests/more"} <= {ancestor.asset for ancestor in at_4.upstream}
    assert all(ancestor.num_checks is not None for ancestor in at_4.upstream)


def test_a_branch_answers_for_its_own_steps_alone(base: tuple[Store, Run]) -> None:
    store, before = base
    other = small_recipe(12, name="other", seed=8)
    run = branch(store, create_run(store, compiled(store, other)), before, 5, "loaded", print)
    at_7 = record(store, run, 7, THIRD)
    assert at_7.bill == bill_of_chain(store, chain(store, run, 7))
    assert [(stretch.manifest, stretch.first_step, stretch.end_step) for stretch in at_7.bill.stretches] == [
        ("small@1", 0, 5),
        ("other@1", 5, 7),
    ]
    assert stints(at_7) == [("small@1", 0, 5, FIRST), ("other@1", 5, 7, THIRD)]
    record(store, run, 9, THIRD)
    last = record(store, run, 12, FIRST)
    assert last.bill == bill_of_chain(store, chain(store, run, 12))
    assert stints(last) == [("small@1", 0, 5, FIRST), ("other@1", 5, 9, THIRD), ("other@1", 9, 12, FIRST)]


def test_a_run_in_a_trunk_answers_for_all_steps(base: tuple[Store, Run]) -> None:
    store, before = base
    phases = small_recipe(12).model_dump(mode="json")["phases"]
    phases[1] |= {"blend": {"code": 1.0}}
    run = create_run(store, compiled(store, small_recipe(12, name="other", phases=phases)))
    run = branch(store, run, before, 7, "loaded", print)
    assert run.declaration.beginning is not None
    assert run.declaration.beginning.difference is None
    at_9 = record(store, run, 9, THIRD)
    assert at_9.bill == bill_of_chain(store, chain(store, run, 9))
    assert [(stretch.manifest, stretch.end_step) for stretch in at_9.bill.stretches] == [("other@1", 9)]
    assert stints(at_9) == [("small@1", 0, 5, FIRST), ("small@1", 5, 7, SECOND), ("other@1", 7, 9, THIRD)]


def test_lost_steps_leave_nothing_of_those_who_trained_them(base: tuple[Store, Run]) -> None:
    store, run = base
    for step in (7, 12):
        shutil.rmtree(step_folder(run, step))
    assert stints(record(store, run, 12, THIRD)) == [("small@1", 0, 5, FIRST), ("small@1", 5, 12, THIRD)]


def test_a_record_of_before_says_less_and_is_counted_now(base: tuple[Store, Run]) -> None:
    store, run = base
    full = facts(run, 7).bill
    path = step_folder(run, 7) / "record.json"
    old = read_checkpoint(run, 7).record
    earlier = old.model_copy(update={"facts": {"step": 7, "phase": "first", "bill": {"step": 7, "sources": {}}}})
    path.write_text(earlier.model_dump_json())
    assert read_bill(store, run, 7) == full
    shutil.rmtree(step_folder(run, 12))
    assert stints(record(store, run, 12, THIRD)) == [("small@1", 7, 12, THIRD)]
