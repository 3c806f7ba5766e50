"""Recipes that share a beginning, branch off, and go on from an exported model, materialised from the graph."""

from textwrap import dedent

import pytest
from finished_corpus import make_shards
from mini_project import mini_project

from assets.branching import branch_off
from assets.dry_run import show
from assets.materialise import materialise
from assets.project import Project
from pipelines.errors import PhaselineError
from training.declared.recipes import select
from training.manifest import BaseModelReference
from training.runs.checkpoints import checkpoint_folder, checkpoint_steps
from training.runs.metrics import read_metrics
from training.runs.run import Run, open_run

OTHERS = {
    "ablation": "{name: late, blend: {math: 1.0}}",
    "reseeded": "{name: late, blend: {wiki: 0.5, qa: 0.5}}",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The miniature, its first phase trained; with recipes that go on otherwise, and one from the exported model."""
    project = mini_project(tmp_path_factory.mktemp("branching"))
    make_shards(project)
    materialise(project, *select(project.recipes, "mini:early"))
    mini = (project.folders.recipes / "mini.yaml").read_text()
    last = "{name: late, blend: {web_high: 0.2, math: 0.2, code: 0.2, wiki: 0.2, qa: 0.2}}"
    assert last in mini
    for name, phase in OTHERS.items():
        text = mini.replace("name: mini", f"name: {name}").replace(last, phase)
        seeded = text.replace("seed: 7", "seed: 8") if name == "reseeded" else text
        (project.folders.recipes / f"{name}.yaml").write_text(seeded)
    (project.folders.recipes / "continued.yaml").write_text(
        dedent("""\
        name: continued
        title: From the model of the first phase, as if it were a stranger's
        seed: 7
        tokens: 1024
        sequence_length: 32
        global_batch_size: 8
        model: llama_test
        start_from: {folder: $EXPORTED}
        schedule: {kind: cosine, peak_lr: 1.0e-3, final_lr_ratio: 0.1}
        phases: [{name: only, blend: {math: 1.0}}]
        """)
    )
    return Project(project.home, project.folders)


def made(project: Project, selection: str) -> Run:
    materialise(project, *select(project.recipes, selection))
    return open_run(project.store, f"{selection.partition(':')[0]}@1")


def test_an_ablation_of_the_last_phase_trains_that_phase_alone(project: Project) -> None:
    run = made(project, "ablation")
    assert run.first_step == 16
    assert checkpoint_folder(run, 16) == open_run(project.store, "mini@1").checkpoints / "step-16"
    assert checkpoint_steps(run)[-1] == 32
    models = {boundary: project.store.require(f"models/ablation/{boundary}") for boundary in ("start", "early", "late")}
    assert models["early"].record.parents[0].asset == "checkpoints/mini@1"
    assert models["late"].record.parents[0].asset == "checkpoints/ablation@1"
    assert set(project.store.require("evaluations/ablation").record.facts["losses"]) == set(models)


def test_a_branch_on_purpose_is_declared_before_anything_is_trained(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = project.recipes["reseeded"]
    with pytest.raises(PhaselineError, match="run mini@1 has no checkpoint at step 17"):
        branch_off(project, recipe, "mini@1@17", "loaded")
    assert project.store.latest("manifests/reseeded") is None
    branch_off(project, recipe, "mini@1@16", "loaded")
    assert "its own plan of the steps before differs: another seed; step 1 takes token" in capsys.readouterr().out
    shown = "\n".join(show(project, recipe, ["late"], "mini@1@16", "fresh"))
    assert "reseeded@1 begins at step 16 of mini@1, optimizer fresh: its own plan of the steps before differs" in shown
    run = made(project, "reseeded")
    assert (run.first_step, checkpoint_steps(run)[-1]) == (16, 32)
    branch_off(project, recipe, "mini@1@16", "loaded")  # as the same command does again
    with pytest.raises(PhaselineError, match="run reseeded@1 began at step 16 of mini@1, optimizer loaded"):
        branch_off(project, recipe, "mini@1@16", "fresh")


def test_an_exported_model_is_gone_on_from_as_a_foreign_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = project.store.require("models/mini/early")
    monkeypatch.setenv("EXPORTED", str(exported.folder))
    run = made(project, "continued")
    base_model = project.store.require("base_models/continued")
    assert isinstance(run.manifest.start, BaseModelReference)
    assert run.manifest.start.artifact == base_model.parent
    first = read_metrics(open_run(project.store, "mini@1").metrics)[0]["loss"]
    assert read_metrics(run.metrics)[0]["loss"] < first - 0.3
