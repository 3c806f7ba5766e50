"""A run that starts from another's checkpoint: with its weights, or with its optimizer's state, too."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from first_loss import loss_of_checkpoint
from optimizers import optimizer_state, optimizer_steps
from small_run import compiled, small_recipe
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.compiler.compile import BaseRun
from training.launching.launch import RunState, train
from training.lineage.audit import lineage, walk
from training.lineage.trained_on import trained_on
from training.manifest import read_manifest
from training.runs.checkpoints import find_artifact, get_checkpoint, step_folder
from training.runs.metrics import read_metrics
from training.runs.run import Run, create_run, open_run
from training.runs.start import find_start


@pytest.fixture(scope="module")
def store(unbroken: TrainedRun, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A copy of the unbroken run's, to write in."""
    home = tmp_path_factory.mktemp("continued") / "home"
    shutil.copytree(unbroken.store.root, home)
    return Store(home)


def continued(store: Store, base: Run, optimizer: str = "fresh", **changes: Any) -> Artifact:
    """A manifest that goes on after the unbroken run, at its last rate."""
    recipe = small_recipe(
        name=f"with_{optimizer}",
        tokens=6 * 12 * 32,
        start_from={"recipe": "small", "optimizer": optimizer},
        schedule={"kind": "cosine", "peak_lr": "from_checkpoint", "final_lr_ratio": 0.01},
        phases=[
            {"name": "general", "blend": {"web": 0.5, "code": 0.5}, "until": {"fraction": 0.5}},
            {"name": "qa", "blend": {"math": 1.0}},
        ],
        **changes,
    )
    return compiled(store, recipe, BaseRun("small@1", base.manifest, NUM_STEPS))


def start(store: Store, manifest: Artifact, until_step: int) -> RunState:
    return train(store, manifest, until_step=until_step, trainer=on(1), report=print)


def test_the_first_loss_is_the_base_models(store: Store, unbroken: TrainedRun) -> None:
    base = open_run(store, "small@1")
    artifact = continued(store, base)
    manifest = read_manifest(artifact)
    run = start(store, artifact, 2).run
    rows = read_metrics(run.metrics)
    assert rows[0]["loss"] == pytest.approx(loss_of_checkpoint(store, base, NUM_STEPS, artifact), abs=1e-5)
    assert rows[0]["loss"] < unbroken.metrics[0]["loss"] - 0.3
    assert [row["lr"] for row in rows] == [manifest.lr(0), manifest.lr(1)]
    assert manifest.lr(0) < unbroken.metrics[-1]["lr"]
    assert optimizer_state(run, 0) == {}
    assert optimizer_steps(run, 2) == {2.0}

    checkpoint = get_checkpoint(run, 2)
    base_checkpoint = get_checkpoint(base, NUM_STEPS)
    assert checkpoint.record.parents == [artifact.parent, base_checkpoint.parent]
    assert get_checkpoint(run, 0).record.parents == checkpoint.record.parents
    names = [node.artifact.name for node in walk(lineage(store, checkpoint))]
    assert {"checkpoints/small@1@36", "manifests/small@1", "manifests/with_fresh@1"} <= set(names)
    with pytest.raises(PhaselineError, match=r"checkpoints/small@1@36 has content .*, but was 000000000000"):
        find_artifact(store, base_checkpoint.parent.model_copy(update={"digest": "0" * 64}))


def test_what_the_base_run_read_counts_as_read(store: Store) -> None:
    base = open_run(store, "small@1")
    run = create_run(store, continued(store, base))
    read = [text.shards for text in trained_on(store, run)]
    assert read == [source.shards for source in [*base.manifest.sources, *run.manifest.sources]]


def test_a_loaded_optimizer_is_kept_when_a_run_stops_before_its_first_step(store: Store) -> None:
    base = open_run(store, "small@1")
    artifact = continued(store, base, "loaded")
    run = start(store, artifact, 0).run
    loaded = optimizer_state(base, NUM_STEPS)
    assert optimizer_state(run, 0) == loaded
    aside = base.folder.rename(base.folder.with_name("aside"))  # the run has all it needs
    start(store, artifact, 2)
    aside.rename(base.folder)
    assert optimizer_steps(run, 2) == {NUM_STEPS + 2.0}


def test_a_model_of_another_shape_or_tokenizer_does_not_go_on(store: Store) -> None:
    base = open_run(store, "small@1")
    with pytest.raises(PhaselineError, match="step 36 of small@1, which is a llama_test, and trains a llama_3m"):
        start(store, continued(store, base, model="llama_3m"), 1)
    manifest = read_manifest(continued(store, base))
    tokenizer = manifest.tokenizer.model_copy(update={"digest": "0" * 64})
    other = replace(
        create_run(store, continued(store, base)), manifest=manifest.model_copy(update={"tokenizer": tokenizer})
    )
    with pytest.raises(PhaselineError, match=r"which has another tokenizer \(tokenizer@1\)"):
        find_start(store, other)


def test_a_missing_or_altered_checkpoint_is_not_started_from(store: Store, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(store.root, home)
    store = Store(home)
    base = open_run(store, "small@1")
    artifact = continued(store, base, seed=8)
    (step_folder(base, NUM_STEPS) / "__0_0.distcp").write_bytes(b"")
    with pytest.raises(PhaselineError, match=r"step-36/__0_0\.distcp has changed"):
        start(store, artifact, 1)
    shutil.rmtree(step_folder(base, NUM_STEPS))
    with pytest.raises(PhaselineError, match="run small@1 has no checkpoint at step 36"):
        start(store, artifact, 1)
    shutil.rmtree(base.folder)
    with pytest.raises(PhaselineError, match="there is no run of small@1") as refusal:
        start(store, artifact, 1)
    assert refusal.value.remedy == "train small@1 up to step 36 first"
