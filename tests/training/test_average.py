"""An average is the mean of its checkpoints' weights, and names all of them and what they were trained on."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from small_run import make_manifest, small_recipe
from trained_run import TrainedRun

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.after.average import Member, ensure_average, label, last_members, shares
from training.after.export import ensure_export
from training.after.past import bill_of_all
from training.runs.checkpoints import get_checkpoint
from training.runs.run import Beginning, Run, RunDeclaration, create_run, declare, open_run


@pytest.fixture(scope="module")
def run(unbroken: TrainedRun) -> Run:
    return unbroken.state.run


def weights_of(model: Artifact) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(model.folder / "model.safetensors")


def exported(unbroken: TrainedRun, step: int) -> dict[str, Any]:
    return weights_of(ensure_export(unbroken.store, unbroken.state.run, step, print).artifact)


def test_the_mean_of_two_is_that_of_torch(unbroken: TrainedRun, run: Run) -> None:
    import torch

    members = [Member(run, 21), Member(run, 36)]
    model = ensure_average(unbroken.store, members, None, print).artifact
    assert model.name == "models/mean/small@1_21_36@1"
    assert [(check.name, check.passed) for check in model.record.checks] == [("logits_equal", True)]
    first, second = exported(unbroken, 21), exported(unbroken, 36)
    for name, weight in weights_of(model).items():
        mean = torch.stack([first[name], second[name]]).double().mean(0).float()
        assert torch.equal(weight, mean)
    assert ensure_average(unbroken.store, members, None, print).changes == []


def test_its_record_names_every_checkpoint_and_bills_common_steps_once(unbroken: TrainedRun, run: Run) -> None:
    model = ensure_average(unbroken.store, [Member(run, 21), Member(run, 36)], None, print).artifact
    tokenizer = unbroken.store.require("tokenizer")
    assert model.record.parents == [get_checkpoint(run, step).parent for step in (21, 36)] + [tokenizer.parent]
    assert model.record.facts["bill"] == get_checkpoint(run, 36).record.facts["bill"]
    card = (model.folder / "README.md").read_text()
    assert "The uniform mean of the weights of 2 checkpoints: small@1@21, small@1@36." in card


def test_runs_with_a_common_trunk_are_billed_for_it_once(unbroken: TrainedRun, run: Run, tmp_path: Path) -> None:
    shutil.copytree(unbroken.store.root, tmp_path / "home")
    store, manifest = make_manifest(tmp_path / "home", small_recipe(48))
    beginning = Beginning(run=run.name, step=21, digest=get_checkpoint(run, 21).digest)
    declare(store.root / "runs/small@2", RunDeclaration(manifest=manifest.parent, beginning=beginning))
    branch = open_run(store, "small@2")
    bill = bill_of_all(store, [(run, 36), (branch, 30), (branch, 25), (branch, 15)])
    assert bill.steps == 36 + 9
    own_tokens = branch.manifest.tokens_done(30) - branch.manifest.tokens_done(21)
    assert bill.tokens == run.manifest.tokens_done(36) + own_tokens


def test_the_mean_of_equal_checkpoints_is_each_of_them(unbroken: TrainedRun, run: Run, tmp_path: Path) -> None:
    import torch

    from training.titan.weights import mean_of, weights_of

    folder = get_checkpoint(run, 36).folder
    copies = [Path(shutil.copytree(folder, tmp_path / f"{number}")) for number in range(3)]
    mean = mean_of(dict(zip(copies, shares(3, None), strict=True)))
    like = torch.empty(280, 64, device="meta")
    expected = weights_of(folder)("tok_embeddings.weight", like)
    assert torch.equal(mean("tok_embeddings.weight", like), expected)


def test_a_moving_average_follows_its_recursion(unbroken: TrainedRun, run: Run) -> None:
    import torch

    model = ensure_average(unbroken.store, [Member(run, step) for step in (21, 35, 36)], 0.75, print).artifact
    assert model.asset == "models/ema_0.75/small@1_21_35_36"
    steps = [exported(unbroken, step) for step in (21, 35, 36)]
    for name, weight in weights_of(model).items():
        mean = steps[0][name].double()
        for later in steps[1:]:
            mean = 0.75 * mean + 0.25 * later[name].double()
        assert torch.allclose(weight, mean.float(), rtol=1e-7, atol=0)


@pytest.mark.parametrize("decay", [None, 0.0001, 0.5, 0.9999])
@pytest.mark.parametrize("num_checkpoints", [2, 3, 40])
def test_shares_sum_to_one(num_checkpoints: int, decay: float | None) -> None:
    assert sum(shares(num_checkpoints, decay)) == pytest.approx(1)
    assert len(shares(num_checkpoints, decay)) == num_checkpoints


def test_the_last_ones_are_the_newest_that_are_trained(run: Run) -> None:
    assert [member.step for member in last_members(run, 2)] == [35, 36]
    with pytest.raises(PhaselineError, match=r"has \d checkpoints after training began, not 9") as raised:
        last_members(run, 9)
    assert "21" in raised.value.remedy


def test_a_missing_checkpoint_is_refused_with_those_that_are_there(unbroken: TrainedRun, run: Run) -> None:
    with pytest.raises(PhaselineError, match="no checkpoint at step 20") as raised:
        ensure_average(unbroken.store, [Member(run, 20), Member(run, 36)], None, print)
    assert "35" in raised.value.remedy


@pytest.mark.parametrize("steps", [[36], [36, 36]])
def test_one_checkpoint_has_no_mean(unbroken: TrainedRun, run: Run, steps: list[int]) -> None:
    with pytest.raises(PhaselineError, match="there is no mean of"):
        ensure_average(unbroken.store, [Member(run, step) for step in steps], None, print)


def other_run(unbroken: TrainedRun, tmp_path: Path, **changes: Any) -> tuple[Store, Run]:
    """A run of a manifest of another recipe, not trained."""
    shutil.copytree(unbroken.store.root, tmp_path / "home")
    store, manifest = make_manifest(tmp_path / "home", small_recipe(name="other", **changes))
    return store, create_run(store, manifest)


def test_models_of_two_shapes_have_no_mean(unbroken: TrainedRun, run: Run, tmp_path: Path) -> None:
    store, other = other_run(unbroken, tmp_path, model="llama_1m")
    with pytest.raises(PhaselineError, match="other@1@0 is a llama_1m, and small@1@36 a llama_test"):
        ensure_average(store, [Member(run, 36), Member(other, 0)], None, print)


def test_several_runs_have_no_moving_average(unbroken: TrainedRun, run: Run, tmp_path: Path) -> None:
    store, other = other_run(unbroken, tmp_path)
    with pytest.raises(PhaselineError, match="have no order"):
        ensure_average(store, [Member(run, 36), Member(other, 0)], 0.5, print)


def test_many_steps_have_a_short_name(run: Run) -> None:
    members = [Member(run, step) for step in range(100, 2000, 100)]
    assert label(members) == "small@1_100_to_1900_in_19"
