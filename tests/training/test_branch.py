"""Branching on purpose: what a run may begin with, what is said of it, and the chain behind its checkpoints."""

from pathlib import Path
from typing import Any

import pytest
from recorded import record, run_with
from small_run import compiled, make_manifest, small_recipe
from trained_run import NUM_STEPS

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.lineage.trained_on import trained_on
from training.runs.branch import branch
from training.runs.chain import chain
from training.runs.checkpoints import checkpoint_steps, own_steps
from training.runs.run import Run, create_run, open_run
from training.runs.trunk import begin

FIRST_PHASE = 21


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A run of 36 steps, 21 of them in its first phase."""
    store, manifest = make_manifest(tmp_path, small_recipe(NUM_STEPS))
    run_with(store, manifest, 0, 10, FIRST_PHASE, 25, NUM_STEPS)
    return store


def planned(store: Store, name: str, **changes: Any) -> Run:
    return create_run(store, compiled(store, small_recipe(NUM_STEPS, name=name, **changes)))


def branched(store: Store, run: Run, base: str, step: int, optimizer: Any = "loaded") -> tuple[Run, str]:
    """A run after it branched off, and what was said."""
    sentences: list[str] = []
    return branch(store, run, open_run(store, base), step, optimizer, sentences.append), "".join(sentences)


def parts(store: Store, run: Run, step: int) -> list[tuple[str, int, int]]:
    """The chain behind a checkpoint in names and steps."""
    return [(part.name, part.first_step, part.end_step) for part in chain(store, run, step)]


def test_a_branch_says_how_the_past_differs_from_its_own_plan(store: Store) -> None:
    run, said = branched(store, planned(store, "reseeded", seed=8), "small@1", 25)
    assert said.startswith(
        "reseeded@1 begins at step 25 of small@1, optimizer loaded: its own plan of the steps before differs: "
        "another seed; step 1 takes token "
    )
    assert checkpoint_steps(run) == [0, 10, FIRST_PHASE, 25]
    assert parts(store, run, NUM_STEPS) == [("small@1", 0, 25), ("reseeded@1", 25, NUM_STEPS)]
    assert parts(store, run, 10) == [("small@1", 0, 10)]
    base = open_run(store, "small@1")
    assert [text.shards for text in trained_on(store, run)] == [
        source.shards for source in [*base.manifest.sources, *run.manifest.sources]
    ]


def test_a_branch_of_the_same_plan_says_so(store: Store) -> None:
    run, said = branched(store, planned(store, "copy"), "small@1", FIRST_PHASE)
    assert said == (
        "copy@1 begins at step 21 of small@1: both have the same plan up to there; 21 of 36 steps are not trained again"
    )
    assert parts(store, run, NUM_STEPS) == [("copy@1", 0, NUM_STEPS)]


def test_chains_nest_and_a_branched_run_is_nobodys_trunk(store: Store) -> None:
    run, _ = branched(store, planned(store, "reseeded", seed=8), "small@1", 10)
    for step in (FIRST_PHASE, 30):
        record(run, step, [])
    again, said = branched(store, planned(store, "again", seed=8), "reseeded@1", 30)
    assert said.endswith("differs: reseeded@1 itself branched off small@1 at step 10")
    assert parts(store, again, 33) == [("small@1", 0, 10), ("reseeded@1", 10, 30), ("again@1", 30, 33)]
    assert parts(store, again, 5) == [("small@1", 0, 5)]
    assert begin(store, planned(store, "third", seed=8), NUM_STEPS, print).declaration.beginning is None


def test_a_fresh_optimizer_is_no_trunk_either(store: Store) -> None:
    run, said = branched(store, planned(store, "fresh"), "small@1", FIRST_PHASE, "fresh")
    assert "optimizer fresh: both have the same plan up to there" in said
    record(run, 30, [])
    other = begin(store, planned(store, "other"), 30, print)
    assert other.declaration.beginning is not None
    assert other.declaration.beginning.run == "small@1"


def test_a_run_that_has_begun_begins_nowhere_else(store: Store) -> None:
    run, _ = branched(store, planned(store, "reseeded", seed=8), "small@1", 10)
    run, _ = branched(store, run, "small@1", FIRST_PHASE)  # nothing of it is trained yet
    record(run, 30, [])
    assert branched(store, run, "small@1", FIRST_PHASE) == (run, "")
    with pytest.raises(PhaselineError, match="began at step 21 of small@1, optimizer loaded and stands at step 30"):
        branched(store, run, "small@1", 10)
    with pytest.raises(PhaselineError, match="run small@1 began on its own and stands at step 36") as refusal:
        branched(store, open_run(store, "small@1"), "reseeded@1", 30)
    assert "leave --from out to go on with it" in refusal.value.remedy


def test_what_a_run_cannot_begin_with_is_refused(store: Store) -> None:
    run = planned(store, "reseeded", seed=8)
    with pytest.raises(PhaselineError, match="run small@1 has no checkpoint at step 11") as refusal:
        branched(store, run, "small@1", 11)
    assert refusal.value.remedy == "train up to it, or name: 0, 10, 21, 25, 36"
    with pytest.raises(PhaselineError, match="reseeded@1 has 36 steps, and cannot begin at step 36 of small@1"):
        branched(store, run, "small@1", NUM_STEPS)
    with pytest.raises(PhaselineError, match="cannot begin at step 0 of small@1"):
        branched(store, run, "small@1", 0)
    wider = planned(store, "wider", model="llama_3m")
    with pytest.raises(PhaselineError, match="step 10 of small@1, which is a llama_test, and trains a llama_3m"):
        branched(store, wider, "small@1", 10)
    early = small_recipe(NUM_STEPS).model_dump(mode="json")["phases"]
    early[0]["until"] = {"samples": 5 * 16}
    with pytest.raises(
        PhaselineError, match="phase first of early@1 ends at step 5, of which small@1 keeps no"
    ) as over:
        branched(store, planned(store, "early", phases=early), "small@1", 10)
    assert "begin at a step up to 5" in over.value.remedy
    assert own_steps(run) == []
    assert run.declaration.beginning is None


def test_a_lost_checkpoint_of_a_branch_is_not_replaced_silently(store: Store) -> None:
    run, _ = branched(store, planned(store, "reseeded", seed=8), "small@1", FIRST_PHASE)
    (open_run(store, "small@1").checkpoints / "step-21" / "__0_0.distcp").write_text("altered")
    with pytest.raises(PhaselineError, match=r"step 21 of small@1, with which run reseeded@1 begins, is gone or was"):
        begin(store, run, NUM_STEPS, print)
