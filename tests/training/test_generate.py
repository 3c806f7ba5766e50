"""What a model writes depends on the prompt, the seed and the weights alone."""

import pytest
from small_run import END_OF_TEXT
from trained_run import TrainedRun

from pipelines.errors import PhaselineError
from pipelines.shards import open_shards
from pipelines.store import Artifact
from training.after.export import ensure_export
from training.after.generate import Sampling, generate
from training.after.prompts import PROMPT_TOKENS, held_out_prompts, refuse_other_tokenizer, written_prompt
from training.after.samples import ensure_samples, samples_of


@pytest.fixture(scope="module")
def model(unbroken: TrainedRun) -> Artifact:
    return ensure_export(unbroken.store, unbroken.state.run, 36, print).artifact


def texts(model: Artifact, prompts: list[str], sampling: Sampling, per_prompt: int = 1) -> list[list[str]]:
    written = [written_prompt(prompt, model.folder) for prompt in prompts]
    return [sample.continuations for sample in generate(model, written, sampling, per_prompt)]


def test_the_same_seed_writes_the_same_whatever_the_other_prompts_are(model: Artifact) -> None:
    sampling = Sampling(max_tokens=12, temperature=1.0, seed=3)
    (alone,) = texts(model, ["the order"], sampling, 3)
    assert texts(model, ["others", "the order"], sampling, 3)[1] == alone
    assert len(set(alone)) == 3
    (other,) = texts(model, ["the order"], Sampling(max_tokens=12, temperature=1.0, seed=4), 3)
    assert other != alone


def test_a_temperature_of_zero_takes_the_likeliest_token(model: Artifact) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    loaded = AutoModelForCausalLM.from_pretrained(model.folder, local_files_only=True)
    tokens = tokenizer.encode("the order").ids
    for _ in range(8):
        with torch.no_grad():
            tokens.append(int(loaded(torch.tensor([tokens])).logits[0, -1].argmax()))
    expected = tokenizer.decode(tokens[len(tokenizer.encode("the order").ids) :])
    assert texts(model, ["the order"], Sampling(max_tokens=8, temperature=0), 2) == [[expected]]


def test_a_model_writes_no_further_than_its_context(model: Artifact) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    prompt = written_prompt("the order", model.folder)
    (sample,) = generate(model, [prompt], Sampling(max_tokens=1000, temperature=0))
    written = len(tokenizer.encode(sample.continuations[0]).ids)
    assert 0 < written <= 32 - len(prompt.token_ids)
    with pytest.raises(PhaselineError, match="the model sees 32"):
        texts(model, ["order " * 40], Sampling())


def test_an_empty_prompt_begins_a_document(model: Artifact) -> None:
    assert written_prompt("", model.folder).token_ids == [model.record.facts.get("end_of_text", 0)]
    assert END_OF_TEXT not in texts(model, [""], Sampling(max_tokens=8))[0][0]


def test_held_out_prompts_are_beginnings_of_documents_and_what_follows(unbroken: TrainedRun, model: Artifact) -> None:
    held_out = {name: unbroken.store.require(f"shards/{name}") for name in ("web", "code")}
    prompts = list(held_out_prompts(model, held_out, 2, 8, seed=0))
    assert [prompt.domain for prompt in prompts] == ["web", "web", "code", "code"]
    for prompt in prompts:
        shards = open_shards(held_out[prompt.domain or ""])
        (row,) = (row for row in shards.index.to_pylist() if row["id"] == prompt.document)
        tokens = shards.tokens[row["offset"] : row["offset"] + row["length"] - 1].tolist()  # its end of text is no text
        assert prompt.token_ids == tokens[:16]  # half of the model's context
        assert list(prompt.following) == tokens[16:24]
        assert row["length"] >= PROMPT_TOKENS + 16
    assert prompts == list(held_out_prompts(model, held_out, 2, 8, seed=0))
    assert prompts != list(held_out_prompts(model, held_out, 2, 8, seed=1))


def test_samples_are_kept_beside_a_model(unbroken: TrainedRun, model: Artifact) -> None:
    held_out = {name: unbroken.store.require(f"shards/{name}") for name in ("web", "code")}
    made = ensure_samples(unbroken.store, model, held_out, print)
    assert made.artifact.name == "samples/small/second@1"
    assert made.artifact.record.parents == [model.parent, *(shards.parent for shards in held_out.values())]
    samples = samples_of(unbroken.store, model)
    assert [sample.domain for sample in samples] == ["web", "code"]
    assert all(sample.prompt and sample.continuations[0] and sample.following for sample in samples)
    assert ensure_samples(unbroken.store, model, held_out, print).changes == []


def test_documents_of_another_tokenizer_are_refused(unbroken: TrainedRun, model: Artifact) -> None:
    shards = unbroken.store.require("shards/web")
    refuse_other_tokenizer(model, [shards])
    others = [parent.model_copy(update={"digest": "0"}) for parent in shards.record.parents]
    foreign = Artifact(shards.folder, shards.record.model_copy(update={"parents": others}))
    with pytest.raises(PhaselineError, match="shards/web@1 was not tokenised with tokenizer@1"):
        refuse_other_tokenizer(model, [foreign])
