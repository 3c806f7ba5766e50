"""A boundary's checkpoint becomes a model that transformers loads offline, with the same logits."""

import pytest
from trained_run import TrainedRun

from pipelines.errors import PhaselineError
from training.export import ensure_export
from training.runs.checkpoints import get_checkpoint


def test_an_export_loads_in_transformers_with_equal_logits(
    unbroken: TrainedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = unbroken.state.run
    outcome = ensure_export(unbroken.store, run, 21, print)
    artifact = outcome.artifact
    assert artifact.name == "models/small/first@1"
    assert [(check.name, check.passed) for check in artifact.record.checks] == [("logits_equal", True)]
    assert "largest difference" in artifact.record.checks[0].detail
    tokenizer_artifact = unbroken.store.require("tokenizer")
    assert artifact.record.parents == [get_checkpoint(run, 21).parent, tokenizer_artifact.parent]
    assert ensure_export(unbroken.store, run, 21, print).changes == []

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
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
    with torch.no_grad():
        assert model(torch.tensor([expected])).logits.shape == (1, len(expected), 280)


def test_only_boundaries_are_exported(unbroken: TrainedRun) -> None:
    with pytest.raises(PhaselineError, match="step 35 of run small@1 is no phase boundary") as raised:
        ensure_export(unbroken.store, unbroken.state.run, 35, print)
    assert raised.value.remedy == "name one of: 0 (start), 21 (first), 36 (second)"


def test_a_shape_counts_the_parameters_of_its_model() -> None:
    from training.models.presets import PRESETS
    from training.titan.model import llama_config, whole_model

    shape = PRESETS["llama_test"].shape
    model = whole_model(llama_config(shape, 384, 32, dense=True))
    assert shape.num_parameters(384) == sum(parameter.numel() for parameter in model.parameters())
