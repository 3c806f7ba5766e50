"""A foreign model in Hugging Face format: refused unless it fits, trained from the loss that transformers finds."""

import json
from pathlib import Path
from typing import Any

import pytest
from first_loss import loss_of_checkpoint, loss_of_transformers
from foreign_models import LLAMA, QWEN, write_foreign
from small_run import compiled, make_tokenizer, small_recipe
from tokenizers import Tokenizer, normalizers
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.after.export import ensure_export
from training.base_models.base_model import ensure_base_model, reference
from training.bill.bill import foreign_start
from training.declared.recipe import Recipe
from training.launching.launch import train
from training.lineage.verification import verify
from training.manifest import BaseModelReference, read_manifest
from training.runs.chain import chain
from training.runs.checkpoints import get_checkpoint
from training.runs.metrics import read_metrics
from training.runs.run import create_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("imported"))


@pytest.fixture(scope="module")
def folder(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of the tests' shape."""
    return write_foreign(tmp_path_factory.mktemp("foreign") / "llama", make_tokenizer(store), LLAMA)


def continued(folder: Path, name: str = "continued", **changes: Any) -> Recipe:
    return small_recipe(12, name=name, start_from={"folder": str(folder)}, **changes)


def imported(store: Store, recipe: Recipe) -> Artifact:
    return ensure_base_model(store, recipe, make_tokenizer(store), Path("/nowhere"), print).artifact


@pytest.mark.parametrize(
    ("model", "fields", "dtype"), [("llama_test", LLAMA, "float32"), ("qwen_test", QWEN, "bfloat16")]
)
def test_the_first_loss_is_the_one_that_transformers_finds(
    store: Store, tmp_path: Path, model: str, fields: dict[str, Any], dtype: str
) -> None:
    folder = write_foreign(tmp_path, make_tokenizer(store), fields, dtype)
    recipe = continued(folder, name=f"continued_{fields['model_type']}", model=model)
    base_model = imported(store, recipe)
    artifact = compiled(store, recipe, reference(base_model), [base_model])
    run = train(store, artifact, until_step=1, trainer=on(2), report=print).run
    (row,) = read_metrics(run.metrics)
    assert row["loss"] == pytest.approx(loss_of_transformers(store, folder, artifact), abs=2e-5)
    assert get_checkpoint(run, 1).record.parents == [artifact.parent, base_model.parent]
    assert read_manifest(artifact).start == reference(base_model)
    (stretch,) = chain(store, run, 1)
    assert foreign_start(stretch) == base_model.name
    assert list(verify(store, artifact.asset, 1, run.name, print)) == []


def test_what_this_system_exported_comes_back_with_the_same_loss(unbroken: TrainedRun, store: Store) -> None:
    export = ensure_export(unbroken.store, unbroken.state.run, NUM_STEPS, print).artifact
    recipe = continued(export.folder, name="returned")
    base_model = imported(store, recipe)
    artifact = compiled(store, recipe, reference(base_model), [base_model])
    run = train(store, artifact, until_step=1, trainer=on(1), report=print).run
    expected = loss_of_checkpoint(store, unbroken.state.run, NUM_STEPS, artifact)
    assert read_metrics(run.metrics)[0]["loss"] == pytest.approx(expected, abs=1e-5)


def test_an_imported_model_is_an_artifact_of_what_the_folder_held(store: Store, folder: Path) -> None:
    first = imported(store, continued(folder))
    assert first.name == "base_models/continued@1"
    assert sorted(file.path for file in first.record.files) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert imported(store, continued(folder)) == first
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"use_cache": False}))
    assert imported(store, continued(folder)).name == "base_models/continued@2"
    start = BaseModelReference(asset="base_models/continued", version=1, digest="0" * 64)
    artifact = compiled(store, continued(folder, name="astray"), start, [])
    with pytest.raises(PhaselineError, match=r"base_models/continued@1 has content .*, but was 000000000000"):
        train(store, artifact, until_step=1, trainer=on(1), report=print)
    assert create_run(store, artifact).declaration.beginning is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model_type": "mistral"}, "its model_type is mistral instead of llama"),
        ({"hidden_size": 128}, "its hidden_size is 128 instead of 64"),
        ({"rms_norm_eps": 1e-6}, r"its rms_norm_eps is 1e-06 instead of 1e-05"),
        ({"attention_bias": True}, "its attention_bias is True instead of False"),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}, "its rope_parameters is .*500000"),
        ({"vocab_size": 320}, "no llama_test with 280 tokens: its vocab_size is 320 instead of 280"),
        ({"quantization_config": {"quant_method": "fp8"}}, "its quantization_config is .*fp8.* instead of None"),
        ({"num_hidden_layers": 3}, "its num_hidden_layers is 3 instead of 2"),
    ],
)
def test_a_model_of_another_shape_is_refused(
    store: Store, folder: Path, tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = tmp_path / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | fields))
    with pytest.raises(PhaselineError, match=message):
        imported(store, continued(tmp_path, name="misfit"))
    assert store.latest("base_models/misfit") is None


def test_another_tokenizer_is_refused_with_the_first_difference(store: Store, folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.save(str(path))
    with pytest.raises(
        PhaselineError, match=r"than the shards: token 1 of the text .The quick brown .* is 'the' instead of 'T'"
    ) as other:
        imported(store, continued(tmp_path, name="misfit"))
    assert "let tokenizer in assets/corpus.yaml name the model's folder" in other.value.remedy
    content = json.loads(path.read_text())
    content["model"]["vocab"]["new"] = 280
    path.write_text(json.dumps(content))
    with pytest.raises(PhaselineError, match="281 tokens instead of 280; token 280 is 'new' instead of None"):
        imported(store, continued(tmp_path, name="misfit"))


def test_a_folder_that_is_no_whole_safe_model_is_refused(
    store: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.delenv("MODELS", raising=False)
    with pytest.raises(PhaselineError, match=r"start_from\.folder: \$MODELS/llama names a variable"):
        imported(store, continued(Path("$MODELS/llama")))
    with pytest.raises(PhaselineError, match="there is no folder /nowhere/lama"):
        imported(store, continued(Path("lama")))
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(PhaselineError, match=r"the weights in .* are pickled \(pytorch_model.bin\)"):
        imported(store, continued(tmp_path))
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../a.safetensors"}}))
    with pytest.raises(PhaselineError, match=r"index.json names \.\./a\.safetensors"):
        imported(store, continued(tmp_path))
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(PhaselineError, match=r"there is no tokenizer\.json in"):
        imported(store, continued(tmp_path))
