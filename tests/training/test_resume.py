"""A run survives kills, half-written and altered checkpoints, with the losses of an unbroken run."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_run import make_manifest, small_recipe
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.launching.follow import REPOSITORY
from training.launching.launch import RunState, train
from training.runs.checkpoints import get_checkpoint, step_folder
from training.runs.metrics import StepMetrics, read_metrics

TRAIN = """
import sys; from pathlib import Path; from pipelines.store import Store; from training.launching.launch import train
from training.declared.trainer import TrainerDeclaration
store = Store(Path(sys.argv[1]))
trainer = TrainerDeclaration.model_validate_json(sys.argv[3])
train(store, store.require("manifests/small"), until_step=int(sys.argv[2]), trainer=trainer, report=print)
"""


def retrain(store: Store, manifest: Artifact, sentences: list[str]) -> RunState:
    return train(
        store,
        manifest,
        until_step=NUM_STEPS,
        trainer=on(2),
        report=sentences.append,
    )


def measured(rows: list[StepMetrics]) -> list[tuple[int, float, float, float]]:
    """All of the metrics that are not times."""
    return [(row["step"], row["loss"], row["grad_norm"], row["lr"]) for row in rows]


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited for half a minute in vain")


def test_a_killed_run_continues_with_the_same_losses(unbroken: TrainedRun, tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path, small_recipe(NUM_STEPS))
    folder = tmp_path / "runs" / "small@1"
    killed_after = random.SystemRandom().randint(1, 30)
    command = [sys.executable, "-c", TRAIN, str(tmp_path), str(NUM_STEPS), on(2).model_dump_json()]
    launcher = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
    wait_until(lambda: len(read_metrics(folder / "metrics.jsonl")) >= killed_after)

    holder = re.search(r"\d+", (folder / ".lock").read_text())
    assert holder
    os.kill(int(holder[0]), signal.SIGSTOP)  # so that the run is still going when a second trainer comes
    log_before_kill = (folder / "train.log").read_text()
    with pytest.raises(PhaselineError, match=r"run small@1 is being made by process"):
        train(store, manifest, until_step=NUM_STEPS, trainer=on(1), report=print)
    os.killpg(launcher.pid, signal.SIGKILL)
    os.kill(int(holder[0]), signal.SIGCONT)
    launcher.wait()
    assert f'"step": {NUM_STEPS},' not in log_before_kill

    state = retrain(store, manifest, [])
    assert measured(read_metrics(state.run.metrics)) == measured(unbroken.metrics), f"killed after {killed_after}"
    assert state.checkpoints == unbroken.state.checkpoints
    assert weights_digest(state, NUM_STEPS) == weights_digest(unbroken.state, NUM_STEPS)


def weights_digest(state: RunState, step: int) -> dict[str, str]:
    """SHA-256 of each rank's file."""
    files = get_checkpoint(state.run, step).record.files
    return {file.path: file.sha256 for file in files if file.path.endswith(".distcp")}


def test_damaged_checkpoints_are_passed_over_and_named(unbroken: TrainedRun, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(unbroken.store.root, home)
    store = Store(home)
    manifest = store.require("manifests/small")
    run_folder = home / "runs" / "small@1"
    altered = run_folder / "checkpoints" / "step-36" / "__1_0.distcp"
    content = bytearray(altered.read_bytes())
    content[len(content) // 2] ^= 1
    altered.write_bytes(content)
    half_written = run_folder / "checkpoints" / "step-40"
    shutil.copytree(run_folder / "checkpoints" / "step-35", half_written)
    (half_written / "record.json").unlink()

    sentences: list[str] = []
    state = retrain(store, manifest, sentences)
    assert "the checkpoint at step 40 was not finished; removed" in sentences
    assert "the checkpoint at step 36 was altered (__1_0.distcp); removed, an earlier one is used" in sentences
    assert measured(read_metrics(state.run.metrics)) == measured(unbroken.metrics)
    assert state.checkpoints == unbroken.state.checkpoints
    assert not half_written.exists()


def test_an_altered_checkpoint_is_not_handed_out(unbroken: TrainedRun, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(unbroken.store.root, home)
    store = Store(home)
    state = train(store, store.require("manifests/small"), until_step=NUM_STEPS, report=print)
    (step_folder(state.run, 21) / "__0_0.distcp").write_bytes(b"")
    with pytest.raises(PhaselineError, match=r"step-21/__0_0\.distcp has changed"):
        get_checkpoint(state.run, 21)
    with pytest.raises(PhaselineError, match="stands at step 36 and has no sound checkpoint at step 21"):
        train(store, store.require("manifests/small"), until_step=21, report=print)
