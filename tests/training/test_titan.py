"""Training through torchtitan: what a run of phases of different length and batch reports and keeps."""

from pathlib import Path

import numpy as np
import pytest
from small_run import make_manifest
from trained_run import NUM_STEPS, TrainedRun

from pipelines.record import read_record
from training.bill.bill import bill_of_chain
from training.launching.launch import train
from training.manifest import read_manifest
from training.runs.chain import chain
from training.runs.checkpoints import get_checkpoint, step_folder
from training.runs.metrics import read_metrics
from training.tokens.files import token_files
from training.tokens.windows import WindowReader


def test_a_run_reports_and_keeps_every_step(unbroken: TrainedRun) -> None:
    run = unbroken.state.run
    assert unbroken.metrics == read_metrics(run.metrics)
    assert [row["step"] for row in unbroken.metrics] == list(range(1, NUM_STEPS + 1))
    assert [row["phase"] for row in unbroken.metrics] == ["first"] * 21 + ["second"] * 15
    assert [row["lr"] for row in unbroken.metrics] == [run.manifest.lr(step) for step in range(NUM_STEPS)]
    tokens_per_step = [16 * 16] * 21 + [12 * 32] * 15
    assert [row["tokens"] for row in unbroken.metrics] == np.cumsum(tokens_per_step).tolist()
    assert unbroken.metrics[-1]["loss"] < unbroken.metrics[0]["loss"] - 0.3
    for row in unbroken.metrics:
        of_sources = row["loss_by_source"].values()
        tokens = sum(source["tokens"] for source in of_sources)
        assert tokens == run.manifest.phase_at(row["step"] - 1).tokens_per_step
        mean = sum(source["loss"] * source["tokens"] for source in of_sources) / tokens
        assert mean == pytest.approx(row["loss"], abs=1e-5)
    assert any(f"step {NUM_STEPS}/{NUM_STEPS} · second · loss" in sentence for sentence in unbroken.sentences)


def test_boundaries_and_the_newest_checkpoint_are_kept_with_their_bill(unbroken: TrainedRun) -> None:
    run = unbroken.state.run
    assert unbroken.state.checkpoints == [0, 21, 30, 35, 36]
    record = get_checkpoint(run, 21).record
    assert record.asset == "checkpoints/small@1"
    assert record.parents == [unbroken.manifest.parent]
    assert (record.facts["step"], record.facts["phase"]) == (21, "first")
    assert record.facts["bill"] == bill_of_chain(unbroken.store, chain(unbroken.store, run, 21)).model_dump(mode="json")
    assert read_record(step_folder(run, 0)).facts["phase"] == "start"


def test_a_run_that_is_there_already_is_not_started_again(unbroken: TrainedRun) -> None:
    sentences: list[str] = []
    state = train(unbroken.store, unbroken.manifest, until_step=21, report=sentences.append)
    assert state == unbroken.state
    assert sentences == []


def test_the_loss_of_each_source_is_that_of_its_sequences(unbroken: TrainedRun) -> None:
    from training.titan.attention import document_mask  # isort: skip
    import torch
    from torch.nn import functional as F  # noqa: N812

    from training.titan.model import model_spec, whole_model
    from training.titan.weights import weights_of

    run = unbroken.state.run
    reader = WindowReader(run.manifest, token_files(unbroken.store, run.manifest, run.artifact.folder))
    samples = np.arange(16)
    inputs, labels, positions = map(torch.from_numpy, reader.batch(samples))
    model = whole_model(model_spec(run.manifest).model)
    read = weights_of(step_folder(run, 0))
    with torch.no_grad():
        model.init_states()  # what is in no checkpoint: rotary embeddings
        model.load_state_dict({name: read(name, like) for name, like in model.state_dict().items()})
        logits = model(inputs, positions=positions, attention_masks=document_mask(positions))
    losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(16, 16).mean(1).numpy()
    sources = reader.order.windows(samples).source
    expected = {source.name: losses[sources == number] for number, source in enumerate(run.manifest.sources)}
    assert {name: source["loss"] for name, source in unbroken.metrics[0]["loss_by_source"].items()} == pytest.approx(
        {name: of_source.mean() for name, of_source in expected.items() if of_source.size}, abs=1e-4
    )


def test_a_document_does_not_see_the_one_before_it(tmp_path: Path) -> None:
    from training.titan.attention import document_mask  # isort: skip
    import torch

    from training.titan.model import model_spec, whole_model

    spec = model_spec(read_manifest(make_manifest(tmp_path)[1]))
    model = whole_model(spec.model)
    with torch.no_grad():
        model.init_states()
        positions = torch.tensor([[*range(12), *range(20)]])
        tokens = torch.randint(1, 280, (1, 32), generator=torch.Generator().manual_seed(0))
        changed = tokens.clone()
        changed[:, :12] = 5
        alone = model(tokens[:, 12:], positions=positions[:, 12:])
        after_one, after_another = (
            model(packed, positions=positions, attention_masks=document_mask(positions))[:, 12:]
            for packed in (tokens, changed)
        )
    assert torch.equal(after_one, after_another)
    assert torch.allclose(alone, after_one, atol=1e-5)
