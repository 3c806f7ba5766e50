"""Recipes that build on others, in miniature: quadrants by two reference models, a continued run, and arms."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from finished_corpus import make_shards
from mini_project import mini_project

from assets.command import main
from assets.materialise import materialise
from assets.planning import publish
from assets.project import Project
from pipelines.store import Artifact
from training.bill.amounts import amounts_by_name
from training.declared.recipes import select
from training.manifest import Manifest, read_manifest

COMMON = """\
title: In miniature
seed: 7
sequence_length: 32
global_batch_size: 8
model: llama_test
"""

REFERENCE = """\
tokens: 1024
part: {end: 0.5}
schedule: {kind: constant, peak_lr: 3.0e-3}
groups: {text: {domain: [code, math]}}
phases: [{name: reference, blend: {natural: [text]}}]
"""

QUADRANTS = """\
tokens: 2048
keeps_epochs_of: one_epoch
part: {start: 0.5}
schedule: {kind: cosine, peak_lr: 3.0e-3, final_lr_ratio: 0.1}
groups:
  hard: {domain: [code, math], quadrant: [high_ppl_low_pd, high_ppl_high_pd]}
  easy: {domain: [code, math], quadrant: [low_ppl_low_pd, low_ppl_high_pd]}
transition: {shape: linear, fraction: 0.1}
phases:
  - {name: hard, blend: {natural: [hard]}, until: {exhausted: true}}
  - {name: easy, blend: {natural: [easy]}, until: {exhausted: true}}
arms:
  random: {arrangement: [[hard, easy]], transition: null}
"""

MORE = """\
tokens: 1024
start_from: {recipe: weak}
schedule: {kind: cosine, peak_lr: from_checkpoint, final_lr_ratio: 0.01}
phases:
  - {name: general, blend: {math: 1.0}, until: {lr_below: 0.2}}
  - {name: answers, blend: {qa: 0.5, math: 0.5}}
"""

PERPLEXITY = """\
paper: none
weak: models/weak/reference
strong: models/strong/reference
part: {start: 0.5, end: 1.0}
scoring: {max_tokens: 32, min_tokens: 4}
quadrants:
  perplexity_of: strong
  perplexity_quantile: 0.5
  pd_quantile: 0.5
  weight: tokens
  split: nested
  stratify_by: [domain]
evidence: []
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    folders = mini_project(folder).folders
    recipes = {"weak": REFERENCE, "strong": REFERENCE, "quadrants": QUADRANTS, "more": MORE}
    for name, own in recipes.items():
        common = COMMON.replace("llama_test", "llama_1m") if name == "strong" else COMMON
        (folders.recipes / f"{name}.yaml").write_text(dedent(f"name: {name}\n{common}{own}"))
    perplexity = folder / "declared/perplexity.yaml"
    perplexity.write_text(PERPLEXITY)
    made = Project(folder / "home", replace(folders, perplexity=perplexity))
    make_shards(made)
    for name in ("quadrants_random", "more"):
        materialise(made, *select(made.recipes, name))
    publish(made, "quadrants")
    return made


def manifest(project: Project, name: str) -> tuple[Artifact, Manifest]:
    artifact = project.store.require(f"manifests/{name}")
    return artifact, read_manifest(artifact)


def test_quadrants_are_read_once_each_and_traced_to_their_reference_models(project: Project) -> None:
    artifact, made = manifest(project, "quadrants")
    assert {source.asset for source in made.sources} == {"shards/code", "shards/math"}
    assert {parent.asset for parent in artifact.record.parents} == {
        "shards/code",
        "shards/math",
        "tokenizer",
        "quality/quadrants",
    }
    assert [phase.name for phase in made.phases] == ["hard", "easy"]
    assert made.phases[1].transition is not None
    unread = sum(source.num_windows for source in made.sources) - made.total_samples
    assert 0 <= unread < 8


def test_an_arm_takes_the_same_samples_and_is_trained_as_any_recipe(project: Project) -> None:
    whole, mixed = manifest(project, "quadrants")[1], manifest(project, "quadrants_random")[1]
    eaten = [amounts_by_name(each, each.total_steps) for each in (whole, mixed)]
    assert {name: amount.tokens for name, amount in eaten[0].items()} == {
        name: amount.tokens for name, amount in eaten[1].items()
    }
    assert [phase.name for phase in mixed.phases] == ["hard_and_easy"]
    losses = project.store.require("evaluations/quadrants_random").record.facts["losses"]
    assert losses.keys() == {"start", "hard_and_easy"}


def test_a_continued_run_starts_from_the_others_last_checkpoint(project: Project) -> None:
    _, made = manifest(project, "more")
    assert made.start is not None
    assert (made.start.manifest, made.start.step) == ("weak@1", 4)
    assert made.lr(0) < 3e-3
    first = project.store.require("models/more/start")
    base = project.store.require("models/weak/reference")
    assert (first.folder / "model.safetensors").read_bytes() == (base.folder / "model.safetensors").read_bytes()


def test_the_commands_show_what_was_planned(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("assets.project.Folders", lambda: project.folders)
    monkeypatch.setenv("PHASELINE_HOME", str(project.home))
    before = sorted(path for path in project.home.rglob("*"))
    for command in (
        ["plan", "quadrants", "--plot", str(tmp_path / "plan.png")],
        ["plan", "more", "--json"],
        ["arms", "quadrants"],
        ["diff", "quadrants@1", "quadrants_random"],
        ["manifest", "quadrants"],
        ["verify", "quadrants"],
    ):
        assert main(command) == 0, command
    assert sorted(path for path in project.home.rglob("*")) == before
    shown = capsys.readouterr().out
    for words in ("low_ppl", '"start"', "the same", "is current: manifests/quadrants@1", "are what was recorded"):
        assert words in shown
    assert (tmp_path / "plan.png").stat().st_size > 10_000
    assert main(["diff", "quadrants@7", "more"]) == 1
    assert "there is no manifest quadrants@7" in capsys.readouterr().err
