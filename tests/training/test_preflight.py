"""Preflight: everything that is in the way of a run is told at once, with its remedy, before anything starts."""

import shutil
import socket
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from small_run import make_manifest
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.record import read_record
from pipelines.store import Artifact, Store
from training.declared.trainer import TrainerDeclaration
from training.launching import machine
from training.launching.launch import train
from training.launching.processes import gpu_num_bytes
from training.runs.run import create_run


def declared(**launch: Any) -> TrainerDeclaration:
    return TrainerDeclaration.model_validate({"launch": launch})


def refusal(store: Store, manifest: Artifact, trainer: TrainerDeclaration, until_step: int = 12) -> PhaselineError:
    """What training is refused with, no process having been started."""
    with pytest.raises(PhaselineError) as refused:
        train(store, manifest, until_step=until_step, trainer=trainer, report=pytest.fail)
    return refused.value


def test_everything_in_the_way_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, manifest = make_manifest(tmp_path)
    tokens = tmp_path / "artifacts/shards/web/1/tokens.bin"
    tokens.write_bytes(tokens.read_bytes()[:-2])
    (manifest.folder / "note.txt").write_text("not of the manifest")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**6, 10**6 - 5, 5))
    with create_run(store, manifest).written():
        told = refusal(store, manifest, on(3))
    for number, expected in enumerate(
        [
            "run small@1 is being made by process",
            "a batch of 16 sequences does not divide among 3 processes; start 1, 2, 4, 8 or 16 of them",
            f"manifests/small@1 was altered: {manifest.folder}/note.txt was added; restore",
            f"{tokens} holds",
            "the checkpoints up to step 12 need about",
        ],
        start=1,
    ):
        assert f"\n  {number}. {expected}" in told.what
    assert told.what.startswith("run small@1 cannot be trained as it is declared:")
    assert told.remedy == "mend all of this, then run the same command again"


def test_a_shard_that_changed_at_the_same_size_is_refused_before_the_first_step(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    tokens = tmp_path / "artifacts/shards/web/1/tokens.bin"
    content = bytearray(tokens.read_bytes())
    content[0] ^= 1
    tokens.write_bytes(content)
    with pytest.raises(PhaselineError, match=r"tokens\.bin has changed since the manifest was compiled"):
        train(store, manifest, until_step=12, trainer=on(1), report=print)
    assert not (tmp_path / "runs/small@1/metrics.jsonl").exists()


def test_too_little_memory_in_a_control_group_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, manifest = make_manifest(tmp_path / "home")
    group = tmp_path / "group"
    group.mkdir()
    (group / "memory.max").write_text("1500000000\n")
    (group / "memory.current").write_text("700000000\n")
    (group / "memory.stat").write_text("anon 600000000\ninactive_file 100000000\n")
    monkeypatch.setattr(machine, "CONTROL_GROUPS", group)
    told = refusal(store, manifest, on(2))
    assert "2 processes need about 1." in told.what
    assert "and 0.9 GB are available here" in told.what
    assert "compute.max_local_batch_size" in told.remedy


def test_more_processes_than_gpus_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, manifest = make_manifest(tmp_path / "home")
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '81559\\n81559\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert gpu_num_bytes() == 81559 << 20
    told = refusal(store, manifest, on(4))
    assert told.what == "4 processes are declared and this machine has 2 GPUs, of which each needs one"


def test_gpus_without_a_driver_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, manifest = make_manifest(tmp_path / "home")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "nvidia-smi is not here" in refusal(store, manifest, on(2)).what


def test_compiling_without_a_compiler_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, manifest = make_manifest(tmp_path)
    monkeypatch.setenv("CXX", "no-such-compiler")
    told = refusal(store, manifest, TrainerDeclaration.model_validate({"compute": {"compile": True}}))
    assert told.what.startswith("compute.compile is on, and there is no C++ compiler here")


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        told = refusal(store, manifest, declared(kind="torchrun", hosts=["localhost"], port=port))
    assert told.what == f"port {port} of this host is in use"
    assert "launch.port" in told.remedy


def test_a_machine_that_is_none_of_the_hosts_is_refused(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    told = refusal(store, manifest, declared(kind="torchrun", hosts=["203.0.113.1", "203.0.113.2"]))
    assert "is none of the hosts 203.0.113.1, 203.0.113.2" in told.what


def test_hosts_left_must_share_the_batch(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    hosts = ["localhost", "203.0.113.1", "203.0.113.2"]
    trainer = declared(kind="torchrun", hosts=hosts, min_hosts=2, processes_per_host=4)
    told = refusal(store, manifest, trainer)
    assert "16 sequences does not divide among 12 processes" in told.what
    assert "12 sequences does not divide among 8 processes" in told.what


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"asset": "checkpoints/other@3"}, "is a checkpoint of other@3 at step 35"),
        ({"parents": []}, "was trained by another manifest than manifests/small@1"),
        ({"parameters": {"model": "llama_8b"}}, "is a llama_8b, and manifests/small@1 trains a llama_test"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    unbroken: TrainedRun, tmp_path: Path, change: dict[str, Any], expected: str
) -> None:
    shutil.copytree(unbroken.store.root, tmp_path / "home")
    store = Store(tmp_path / "home")
    run = tmp_path / "home/runs/small@1/checkpoints"
    shutil.rmtree(run / "step-36")
    record = read_record(run / "step-35")
    (run / "step-35/record.json").write_text(record.model_copy(update=change).model_dump_json())
    told = refusal(store, store.require("manifests/small"), on(1), NUM_STEPS)
    assert told.what == f"{run / 'step-35'} {expected}"
    assert told.remedy == f"move {run / 'step-35'} away"
