"""Slurm: the job that is shown is the one that runs; it is stopped with its command, and outlives a killed one."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slurm_cluster import answer, slurm_cluster, wait_until
from small_run import make_manifest, small_recipe
from trained_run import NUM_STEPS, TrainedRun

from pipelines.errors import PhaselineError
from training.declared.trainer import TrainerDeclaration
from training.launching import slurm
from training.launching.dry_run import dry_run, planned_run
from training.launching.follow import REPOSITORY
from training.launching.launch import train
from training.runs.metrics import StepMetrics, read_metrics

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(600)]

TRAIN = """
import sys; from pathlib import Path; from pipelines.store import Store; from training.launching.launch import train
from training.declared.trainer import TrainerDeclaration
store = Store(Path(sys.argv[1]))
trainer = TrainerDeclaration.model_validate_json(sys.argv[2])
train(store, store.require("manifests/small"), until_step=int(sys.argv[3]), trainer=trainer, report=print)
"""


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with slurm_cluster(tmp_path_factory.mktemp("slurm")):
        yield


@pytest.fixture(autouse=True)
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "SECONDS_BETWEEN_QUESTIONS", 1.0)
    monkeypatch.setattr(slurm, "SECONDS_BETWEEN_READS", 0.1)


def by_slurm(**launch: Any) -> TrainerDeclaration:
    """Two processes on the node, with a checkpoint every five steps."""
    declared = {"kind": "slurm", "partition": "cpu", "processes_per_node": 2, **launch}
    return TrainerDeclaration.model_validate({"launch": declared, "checkpoints": {"every_steps": 5}})


def losses(rows: list[StepMetrics]) -> list[float]:
    return [row["loss"] for row in rows]


def test_a_run_is_stopped_and_continued(unbroken: TrainedRun, tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path, small_recipe(NUM_STEPS))
    trainer = by_slurm(sbatch={"comment": "it's mine"}, environment="module() { :; }; module load nothing")
    *about, shown = dry_run(store, planned_run(store, manifest), trainer)
    assert not (tmp_path / "runs").exists()
    assert (
        about[0] == "training small@1 up to step 21: llama_test with 109,888 parameters, processes: 2; it is at step 0"
    )
    assert "in 2 shares of 8, 8 at a time" in "\n".join(about)

    scripts: list[str] = []
    sentences: list[str] = []

    def interrupt(metrics: StepMetrics) -> None:
        if metrics["step"] == 7:
            [submitted] = re.findall(r"submitted Slurm job (\d+)", "\n".join(sentences))
            scripts.append(answer("scontrol", "write", "batch_script", submitted, "-"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(store, manifest, until_step=21, trainer=trainer, report=sentences.append, on_metrics=interrupt)
    assert [script.strip() for script in scripts] == [shown.strip()]
    [stopped] = re.findall(r"stopped at step (\d+) on request; its checkpoint is saved", "\n".join(sentences))
    assert 7 <= int(stopped) < 21
    assert not answer("squeue", "--noheader").strip()

    command = [sys.executable, "-c", TRAIN, str(tmp_path), trainer.model_dump_json(), str(NUM_STEPS)]
    killed = subprocess.Popen(command, cwd=REPOSITORY)
    wait_until(lambda: "RUNNING" in answer("squeue", "--noheader", "--format=%T"))
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    sentences.clear()
    state = train(store, manifest, until_step=NUM_STEPS, trainer=trainer, report=sentences.append)
    assert any(re.match(r"following Slurm job \d+, which an earlier command submitted", line) for line in sentences)
    assert losses(read_metrics(state.run.metrics)) == losses(unbroken.metrics)
    assert state.checkpoints[-1] == NUM_STEPS


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    tokens = tmp_path / "artifacts/shards/web/1/tokens.bin"
    tokens.write_bytes(bytes(tokens.stat().st_size))
    with pytest.raises(PhaselineError, match=r"tokens\.bin has changed since the manifest was compiled.*train\.log"):
        train(store, manifest, until_step=12, trainer=by_slurm(processes_per_node=1), report=print)


def test_what_slurm_refuses_is_said(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    with pytest.raises(PhaselineError, match=r"Slurm refused the job: .*invalid partition specified: gpu"):
        train(store, manifest, until_step=12, trainer=by_slurm(partition="gpu"), report=print)


def test_a_missing_slurm_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, manifest = make_manifest(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PhaselineError, match="there is no sbatch here"):
        train(store, manifest, until_step=12, trainer=by_slurm(), report=print)
