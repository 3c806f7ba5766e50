"""Training through torchtitan: what a run of phases of different length and batch reports and keeps."""

from pathlib import Path

import numpy as np
from small_run import make_manifest
from trained_run import NUM_STEPS, TrainedRun

from pipelines.record import read_record
from training.bill.bill import bill_of_data
from training.launching.launch import train
from training.manifest import read_manifest
from training.runs.checkpoints import get_checkpoint, step_folder
from training.runs.metrics import read_metrics


def test_a_run_reports_and_keeps_every_step(unbroken: TrainedRun) -> None:
    run = unbroken.state.run
    assert unbroken.metrics == read_metrics(run.metrics)
    assert [row["step"] for row in unbroken.metrics] == list(range(1, NUM_STEPS + 1))
    assert [row["phase"] for row in unbroken.metrics] == ["first"] * 21 + ["second"] * 15
    assert [row["lr"] for row in unbroken.metrics] == [run.manifest.lr(step) for step in range(NUM_STEPS)]
    tokens_per_step = [16 * 16] * 21 + [12 * 32] * 15
    assert [row["tokens"] for row in unbroken.metrics] == np.cumsum(tokens_per_step).tolist()
    assert unbroken.metrics[-1]["loss"] < unbroken.metrics[0]["loss"] - 0.3
    assert any(f"step {NUM_STEPS}/{NUM_STEPS} · second · loss" in sentence for sentence in unbroken.sentences)


def test_boundaries_and_the_newest_checkpoint_are_kept_with_their_bill(unbroken: TrainedRun) -> None:
    run = unbroken.state.run
    assert unbroken.state.checkpoints == [0, 21, 35, 36]
    record = get_checkpoint(run, 21).record
    assert record.asset == "checkpoints/small@1"
    assert record.parents == [unbroken.manifest.parent]
    assert record.facts == {"step": 21, "phase": "first", "bill": bill_of_data(run.manifest, 21).model_dump()}
    assert read_record(step_folder(run, 0)).facts["phase"] == "start"


def test_a_run_that_is_there_already_is_not_started_again(unbroken: TrainedRun) -> None:
    sentences: list[str] = []
    state = train(unbroken.store, unbroken.manifest, until_step=21, report=sentences.append)
    assert state == unbroken.state
    assert sentences == []


def test_a_document_does_not_see_the_one_before_it(tmp_path: Path) -> None:
    from training.titan.model import document_mask, model_spec, whole_model  # isort: skip
    import torch

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
