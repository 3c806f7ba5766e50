"""A checkpoint becomes a model that transformers loads offline, with the same logits and a card."""

import json
import shutil
from pathlib import Path

import pytest
from small_run import make_manifest, small_recipe
from trained_run import TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.after.export import ensure_export
from training.after.publication import copy_model
from training.launching.launch import train
from training.models import presets
from training.models.presets import ModelPreset, llama
from training.runs.checkpoints import get_checkpoint, step_folder
from training.runs.retention import pinned_steps
from training.runs.run import create_run


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_an_export_loads_in_transformers_with_equal_logits(unbroken: TrainedRun) -> None:
    run = unbroken.state.run
    artifact = ensure_export(unbroken.store, run, 21, print).artifact
    assert artifact.name == "models/small/first@1"
    assert [(check.name, check.passed) for check in artifact.record.checks] == [("logits_equal", True)]
    assert "largest difference" in artifact.record.checks[0].detail
    tokenizer_artifact = unbroken.store.require("tokenizer")
    assert artifact.record.parents == [get_checkpoint(run, 21).parent, tokenizer_artifact.parent]
    assert ensure_export(unbroken.store, run, 21, print).changes == []
    assert len({path.stat().st_mode for path in artifact.folder.iterdir()}) == 1

    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(artifact.folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(artifact.folder, local_files_only=True)
    text = "the order of the others\n  rests"
    expected = Tokenizer.from_file(str(tokenizer_artifact.folder / "tokenizer.json")).encode(text).ids
    assert tokenizer(text).input_ids == expected
    assert tokenizer.decode(expected) == text
    assert tokenizer.eos_token == "<|endoftext|>"
    assert tokenizer.eos_token_id == model.config.eos_token_id == 0
    assert model.dtype == torch.float32
    with torch.no_grad():
        assert model(torch.tensor([expected])).logits.shape == (1, len(expected), 280)


def test_a_step_between_boundaries_has_a_name_of_its_own(unbroken: TrainedRun) -> None:
    artifact = ensure_export(unbroken.store, unbroken.state.run, 35, print).artifact
    assert artifact.name == "models/small@1/step_35@1"
    assert artifact.record.checks[0].passed
    assert (artifact.record.facts["run"], artifact.record.facts["step"]) == ("small@1", 35)
    assert artifact.record.parents[0] == get_checkpoint(unbroken.state.run, 35).parent
    assert 35 in pinned_steps(unbroken.state.run)


def test_the_boundaries_of_an_older_run_leave_those_of_the_graph_alone(unbroken: TrainedRun, tmp_path: Path) -> None:
    shutil.copytree(unbroken.store.root, tmp_path / "home")
    store = Store(tmp_path / "home")
    make_manifest(store.root, small_recipe(48))
    run = create_run(store, store.get("manifests/small", 1))
    assert ensure_export(store, run, 21, print).artifact.asset == "models/small@1/step_21"


def test_a_step_without_a_checkpoint_is_refused_with_those_that_are_there(unbroken: TrainedRun) -> None:
    with pytest.raises(PhaselineError, match="run small@1 has no checkpoint at step 20") as raised:
        ensure_export(unbroken.store, unbroken.state.run, 20, print)
    assert "21" in raised.value.remedy
    assert "36" in raised.value.remedy


def test_an_altered_checkpoint_is_not_exported(unbroken: TrainedRun, tmp_path: Path) -> None:
    shutil.copytree(unbroken.store.root, tmp_path / "home")
    shutil.rmtree(tmp_path / "home/artifacts/models", ignore_errors=True)
    store = Store(tmp_path / "home")
    run = create_run(store, store.require("manifests/small"))
    file = step_folder(run, 35) / "__1_0.distcp"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(PhaselineError, match=r"__1_0\.distcp"):
        ensure_export(store, run, 35, print)
    assert store.latest("models/small@1/step_35") is None


def test_a_card_bills_what_the_checkpoint_was_trained_on(unbroken: TrainedRun) -> None:
    card = (ensure_export(unbroken.store, unbroken.state.run, 21, print).artifact.folder / "README.md").read_text()
    assert "The weights after 21 of 36 steps of run small@1." in card
    assert unbroken.manifest.record.facts["manifest_digest"] in card
    assert get_checkpoint(unbroken.state.run, 21).digest in card
    assert f"{21 * 16 * 16:,} tokens in 21 steps" in card
    assert f"| CC0-1.0 | {21 * 16 * 16:,} | 100.0% | 100.0% |" in card
    assert f"| web | {21 * 12 * 16:,} | 75.0% |" in card
    assert "| math |" not in card


def test_a_trained_qwen_with_tied_embeddings_has_equal_logits(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path, small_recipe(model="qwen_test"))
    run = train(store, manifest, until_step=7, trainer=on(2), report=print).run
    artifact = ensure_export(store, run, 7, print).artifact
    assert artifact.record.checks[0].passed
    config = json.loads((artifact.folder / "config.json").read_bytes())
    assert (config["architectures"], config["tie_word_embeddings"]) == (["Qwen3ForCausalLM"], True)


def test_several_files_of_a_tied_llama_with_scaled_frequencies_load(
    unbroken: TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights larger than a file are written in several, of which none exceeds the bound."""
    import torch.distributed.checkpoint as dcp

    from training.titan import export
    from training.titan.model import whole_model
    from training.titan.weights import weights_of

    shape = llama(64, 2, 4, 2, hidden_dim=128, tied_embeddings=True, rope_theta=5e5, rope_scaling_factor=8.0)
    monkeypatch.setitem(presets.PRESETS, "llama_scaled", ModelPreset(shape, max_local_batch_size=1))
    monkeypatch.setattr(export, "MOST_BYTES_PER_FILE", 100_000)
    manifest = unbroken.state.run.manifest.model_copy(update={"model": "llama_scaled", "window_length": 256})
    model = whole_model(export.dense_config(manifest))
    model.init_states()
    dcp.save(model.state_dict(), checkpoint_id=tmp_path / "checkpoint", no_dist=True)

    tokenizer = unbroken.store.require("tokenizer").folder / "tokenizer.json"
    folder = tmp_path / "model"
    folder.mkdir()
    assert export.write_model(manifest, weights_of(tmp_path / "checkpoint"), tokenizer, folder) < 1e-4
    sizes = [file.stat().st_size for file in folder.glob("model-*.safetensors")]
    assert len(sizes) > 2
    assert max(sizes) < 102_000
    index = json.loads((folder / "model.safetensors.index.json").read_bytes())
    assert "lm_head.weight" not in index["weight_map"]


@pytest.fixture(scope="module")
def exported(unbroken: TrainedRun) -> Artifact:
    return ensure_export(unbroken.store, unbroken.state.run, 36, print).artifact


def test_a_published_copy_holds_the_same_files(exported: Artifact, tmp_path: Path) -> None:
    copy_model(exported, tmp_path / "copy", "float32")
    copied = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in exported.files("*")}
    with pytest.raises(PhaselineError, match="copy is there already"):
        copy_model(exported, tmp_path / "copy", "float32")


def test_a_published_copy_in_bfloat16_is_rounded_once(exported: Artifact, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    copy_model(exported, tmp_path / "copy", "bfloat16")
    original = AutoModelForCausalLM.from_pretrained(exported.folder, local_files_only=True).state_dict()
    rounded = AutoModelForCausalLM.from_pretrained(tmp_path / "copy", local_files_only=True).state_dict()
    assert len({path.stat().st_mode for path in (tmp_path / "copy").iterdir()}) == 1
    for name, weight in rounded.items():
        assert weight.dtype == torch.bfloat16
        assert torch.equal(weight, original[name].bfloat16())
