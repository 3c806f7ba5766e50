"""Whatever ends a run or damages its checkpoints, the same command continues it, with the losses of an unbroken one."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from faults import (
    DAMAGES,
    FULL_DISK,
    Fault,
    differences,
    flip,
    make_space,
    newest,
    retrain,
    small_disk,
    suffer,
    tell_launcher,
    tell_rank,
)
from small_run import compiled, make_manifest, small_recipe
from trained_run import NUM_STEPS, TrainedRun

from pipelines.errors import PhaselineError
from pipelines.record import read_record, write_record
from pipelines.store import Store
from training.runs.checkpoints import get_checkpoint, own_steps, step_folder
from training.runs.metrics import read_metrics
from training.runs.retention import PINS, pin, remove_superseded
from training.runs.run import Beginning, Run, RunDeclaration, declare, open_run
from training.runs.settling import settle

SAID = {
    "a bit of a rank's file flipped": "step 36 was altered (__1_0.distcp)",
    "a bit of the metadata flipped": "step 36 was altered (.metadata)",
    "a rank's file cut short": "step 36 was altered (__0_0.distcp)",
    "a rank's file deleted": "step 36 was altered (__0_0.distcp)",
    "a digest in the record edited": "step 36 was altered (record.json)",
    "the record cut short": "step 36 was altered (record.json)",
    "a checkpoint left without a record": "step 99 was not finished",
}


@pytest.fixture
def copy(unbroken: TrainedRun, tmp_path: Path) -> Run:
    """The unbroken run in a home of its own; what other tests made from it is not known there."""
    shutil.copytree(unbroken.store.root, tmp_path / "home", ignore=shutil.ignore_patterns(PINS))
    return open_run(Store(tmp_path / "home"), "small@1")


def test_a_killed_stopped_and_damaged_run_ends_as_if_nothing_had_happened(unbroken: TrainedRun, tmp_path: Path) -> None:
    store, _ = make_manifest(tmp_path, small_recipe(NUM_STEPS))
    folder = tmp_path / "runs" / "small@1"

    said = suffer(Fault("kill -9 of rank 1", "its file half written", call="fsync step-10/__1_0.distcp"), tmp_path, 2)
    assert "another training process ended" in said[-1]
    assert (folder / "checkpoints" / "step-10").is_dir()

    said = suffer(Fault("SIGTERM to rank 1", "during step 18", after_step=17, act=tell_rank(1)), tmp_path, 2)
    assert "the checkpoint at step 10 was not finished; removed" in said
    step = stopped_at(said)
    assert 17 < step < 21
    assert newest(folder).name == f"step-{step}"
    flip("__1_0.distcp")(folder)

    state, said = retrain(store, 2)
    assert f"the checkpoint at step {step} was altered (__1_0.distcp); removed, an earlier one is used" in said
    assert differences(state, unbroken.state) == []


def test_a_run_continues_on_one_process_and_then_on_two(copy: Run, unbroken: TrainedRun, tmp_path: Path) -> None:
    for step in (30, 35, 36):
        shutil.rmtree(step_folder(copy, step))
    said = suffer(
        Fault("SIGTERM", "during step 25", after_step=24, act=tell_launcher(signal.SIGTERM)), tmp_path / "home", 1
    )
    assert 24 < stopped_at(said) < 30
    state, _ = retrain(Store(tmp_path / "home"), 2)

    rows, expected = (read_metrics(each.metrics) for each in (copy, unbroken.state.run))
    assert [row["step"] for row in rows] == list(range(1, NUM_STEPS + 1))
    assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in expected], abs=1e-4)
    bills = [get_checkpoint(run, NUM_STEPS).record.facts["bill"] for run in (state.run, unbroken.state.run)]
    assert bills[0] == bills[1]


def stopped_at(said: list[str]) -> int:
    """The step at which training says that it stopped."""
    [step] = re.findall(r"stopped at step (\d+) on request; its checkpoint is saved", "\n".join(said))
    return int(step)


@pytest.mark.parametrize("fault", DAMAGES, ids=lambda fault: fault.what)
def test_a_damaged_checkpoint_is_passed_over_and_named(fault: Fault, copy: Run) -> None:
    assert fault.damage is not None
    fault.damage(copy.folder)
    said: list[str] = []
    settle(copy, said.append)
    [sentence] = said
    assert SAID[fault.what] in sentence
    assert own_steps(copy) == ([0, 21, 30, 35, 36] if "not finished" in sentence else [0, 21, 30, 35])


def test_checkpoints_of_another_run_or_step_are_refused(copy: Run) -> None:
    moved = step_folder(copy, 40)
    shutil.copytree(step_folder(copy, 35), moved)
    with pytest.raises(PhaselineError, match=r"step-40 is a checkpoint of small@1 at step 35") as raised:
        settle(copy, print)
    assert raised.value.remedy == f"move {moved} away"


def test_a_checkpoint_of_another_shape_is_refused_though_its_record_names_the_preset(copy: Run) -> None:
    store = Store(copy.folder.parents[1])
    manifest = compiled(store, small_recipe(NUM_STEPS, model="llama_1m"))
    folder = copy.folder.rename(copy.folder.with_name("small@2"))
    declare(folder, RunDeclaration(manifest=manifest.parent))
    for step in (0, 21, 30, 35, 36):
        checkpoint = folder / "checkpoints" / f"step-{step}"
        record = read_record(checkpoint)
        changes = {
            "asset": "checkpoints/small@2",
            "parents": [manifest.parent],
            "parameters": {"model": "llama_1m"},
        }
        write_record(checkpoint, record.model_copy(update=changes))
    (folder / "checkpoints" / "step-36" / "record.json").unlink()
    with pytest.raises(PhaselineError, match=r"step-35 cannot be loaded as a llama_1m: .*[Ss]ize mismatch") as raised:
        retrain(store, 1)
    assert "move it away" in raised.value.remedy


def test_a_second_trainer_is_refused(copy: Run) -> None:
    shutil.rmtree(step_folder(copy, 36))
    with copy.written(), pytest.raises(PhaselineError, match=rf"run small@1 is being made by process {os.getpid()} on"):
        retrain(Store(copy.folder.parents[1]), 1)


def test_superseded_checkpoints_are_removed_unless_something_was_made_from_them(copy: Run) -> None:
    other = RunDeclaration(
        manifest=copy.artifact.parent,
        beginning=Beginning(run="small@1", step=30, digest=get_checkpoint(copy, 30).digest),
    )
    for step in (31, 33):
        shutil.copytree(step_folder(copy, 30), step_folder(copy, step))
    declare(copy.folder.with_name("other@1"), other)
    pin(copy, 31)
    remove_superseded(copy, keep_newest=1)
    assert own_steps(copy) == [0, 21, 30, 31, 35, 36]


def test_an_altered_checkpoint_is_not_handed_out(copy: Run) -> None:
    (step_folder(copy, 21) / "__0_0.distcp").write_bytes(b"")
    with pytest.raises(PhaselineError, match=r"step-21/__0_0\.distcp has changed"):
        get_checkpoint(copy, 21)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk that is small enough")
def test_a_full_disk_ends_training_with_the_need_and_the_remedy(copy: Run, unbroken: TrainedRun) -> None:
    for step in (30, 35, 36):
        shutil.rmtree(step_folder(copy, step))
    home = copy.folder.parents[1]
    with small_disk(copy.folder):
        said = suffer(FULL_DISK, home, 1)
        [full] = [sentence for sentence in said if "step-25 was not saved" in sentence]
        assert re.search(r"the disk of \S+/checkpoints is full: .* it takes 1\.\d MB, and \d\.\d MB are free", full)
        assert own_steps(copy) == [0, 21]
        assert not step_folder(copy, 25).exists()

        make_space(copy.folder)
        retrain(Store(home), 1)
        losses, expected = ([row["loss"] for row in read_metrics(run.metrics)] for run in (copy, unbroken.state.run))
        assert losses == pytest.approx(expected, abs=1e-4)
