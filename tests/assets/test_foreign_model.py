"""Continued pretraining of a stranger's model from the graph: its tokenizer makes the shards, its weights go on."""

from pathlib import Path

import pytest
from finished_corpus import make_shards
from first_loss import loss_of_transformers
from foreign_models import QWEN, write_model
from mini_project import mini_project, prose

from assets.materialise import materialise
from assets.project import Project
from pipelines.tokenizer import TOKENIZER_ASSET
from training.after.prompts import written_prompt
from training.declared.recipes import select
from training.runs.metrics import read_metrics
from training.runs.run import open_run

NUM_ROWS = 512  # of the embeddings: more than there are tokens, as of many published models
FIRST, END = "<|im_start|>", "<|im_end|>"
TRAINED = "tokenizer: {vocab_size: 384, sample_bytes_per_domain: 100000}"
FOREIGN = f"tokenizer: {{folder: $QWEN, end_of_text: {END}, vocab_size: {NUM_ROWS}, sample_bytes_per_domain: 100000}}"
RECIPE = """\
name: onward
title: From a stranger's model
seed: 7
tokens: 1024
sequence_length: 32
global_batch_size: 8
model: qwen_test
start_from: {folder: $QWEN}
schedule: {kind: cosine, peak_lr: 1.0e-3, final_lr_ratio: 0.1}
phases: [{name: only, blend: {math: 0.5, web_high: 0.5}}]
"""


def write_qwen(folder: Path) -> Path:
    """A model whose tokenizer puts a token of its own before every text, and has several special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=[FIRST, END], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
    )
    tokenizer.train_from_iterator([prose(f"theirs{number}", "w") for number in range(30)], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{FIRST} $A", special_tokens=[(FIRST, tokenizer.token_to_id(FIRST))]
    )
    write_model(folder, QWEN | {"vocab_size": NUM_ROWS}, "bfloat16")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_a_strangers_model_goes_on_with_its_own_tokenizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tokenizers import Tokenizer

    folder = write_qwen(tmp_path / "qwen")
    monkeypatch.setenv("QWEN", str(folder))
    project = mini_project(tmp_path)
    corpus = project.folders.corpus.read_text()
    assert TRAINED in corpus
    project.folders.corpus.write_text(corpus.replace(TRAINED, FOREIGN))
    (project.folders.recipes / "onward.yaml").write_text(RECIPE)
    project = Project(project.home, project.folders)
    make_shards(project)
    materialise(project, *select(project.recipes, "onward"))

    end_of_text = project.store.require(TOKENIZER_ASSET).record.facts["end_of_text"]
    manifest = project.store.require("manifests/onward")
    first = read_metrics(open_run(project.store, "onward@1").metrics)[0]
    assert first["loss"] == pytest.approx(loss_of_transformers(project.store, folder, manifest), abs=2e-5)
    losses = project.store.require("evaluations/onward").record.facts["losses"]
    assert losses["only"]["math"]["bits_per_byte"] < losses["start"]["math"]["bits_per_byte"]
    exported = project.store.require("models/onward/only").folder
    assert written_prompt("", exported).token_ids == [end_of_text]
    its_own = Tokenizer.from_file(str(exported / "tokenizer.json")).token_to_id(FIRST)
    assert its_own not in written_prompt("the of", exported).token_ids
