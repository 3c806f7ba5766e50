"""Held-out loss equals a sum over single tokens, and its bits per byte count every byte once."""

import math
from pathlib import Path

import pytest
from corpora import VOCAB_SIZE, ignore, small_corpus

from evals.held_out import ensure_held_out, loss
from pipelines.shards import open_shards
from pipelines.store import Artifact, Draft, Store
from quality.language_model import load_model

LENGTH = 16


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def tiny_model(store: Store, name: str, seed: int) -> Artifact:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    def make(draft: Draft) -> None:
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=VOCAB_SIZE,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=LENGTH,
        )
        LlamaForCausalLM(config).save_pretrained(draft.folder)

    return store.ensure(f"models/{name}", make, code_version="1", parameters={"seed": seed}).artifact


def test_the_loss_is_the_sum_over_every_token_of_every_document(home: Path) -> None:
    import torch

    corpus = small_corpus(home, {"s0": 5})
    model = load_model(tiny_model(corpus.store, "tiny", 1).folder)
    shards = open_shards(corpus.shards["s0"])
    total = 0.0
    for offset, length in zip(shards.index["offset"].to_pylist(), shards.index["length"].to_pylist(), strict=True):
        tokens = [0, *shards.tokens[offset : offset + length].tolist()]
        for position in range(length):
            start = position // LENGTH * LENGTH
            with torch.no_grad():
                logits = model(torch.tensor([tokens[start : position + 1]])).logits[0, -1]
            total -= float(torch.log_softmax(logits, -1)[tokens[position + 1]])
    found = loss(model, shards, corpus.shards["s0"], LENGTH, max_tokens=10**9)
    num_bytes = sum(len(text.encode()) for text in corpus.texts.values())
    assert found.num_documents == 5
    assert found.num_tokens == shards.num_tokens
    assert found.num_bytes == num_bytes
    assert found.nats_per_token == pytest.approx(total / shards.num_tokens, rel=1e-5)
    assert found.bits_per_byte == pytest.approx(total / math.log(2) / num_bytes, rel=1e-5)


def test_the_limit_takes_whole_documents_until_it_is_reached(home: Path) -> None:
    corpus = small_corpus(home / "limit", {"s0": 12})
    model = load_model(tiny_model(corpus.store, "tiny", 1).folder)
    shards = open_shards(corpus.shards["s0"])
    first, second = shards.index["length"].to_pylist()[:2]
    assert loss(model, shards, corpus.shards["s0"], LENGTH, max_tokens=first).num_documents == 1
    assert loss(model, shards, corpus.shards["s0"], LENGTH, max_tokens=first + 1).num_tokens == first + second


def test_an_evaluation_holds_every_model_and_domain_and_its_plot(home: Path) -> None:
    corpus = small_corpus(home / "whole", {"s0": 12, "s1": 7})
    models = {name: tiny_model(corpus.store, name, seed) for seed, name in enumerate(["start", "late"])}
    limits = {"sequence_length": LENGTH, "max_tokens_per_domain": 200}
    made = ensure_held_out(corpus.store, "tried", models, corpus.shards, **limits, report=ignore)
    losses = made.artifact.record.facts["losses"]
    assert {boundary: list(by_domain) for boundary, by_domain in losses.items()} == {
        "start": ["s0", "s1"],
        "late": ["s0", "s1"],
    }
    assert losses["start"]["s0"]["nats_per_token"] == pytest.approx(math.log(VOCAB_SIZE), rel=0.05)
    assert [file.path for file in made.artifact.record.files] == ["held_out.json", "held_out.png"]
    assert ensure_held_out(corpus.store, "tried", models, corpus.shards, **limits, report=ignore).changes == []
