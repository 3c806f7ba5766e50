"""A run that goes wrong stops before it is harmed and says what it was fed; spikes are recorded whatever interrupts."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pytest
from small_run import compiled, make_manifest, small_recipe
from trained_run import NUM_STEPS
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.declared.recipe import Recipe
from training.declared.trainer import TrainerDeclaration
from training.declared.watch import Watch
from training.launching.launch import train
from training.lineage.trace import trace_step
from training.runs.amend import amend
from training.runs.checkpoints import checkpoint_steps, has_sound_checkpoint
from training.runs.incidents import BatchSample, Spike, read_spikes, read_stop
from training.runs.metrics import StepMetrics, read_metrics, scalars
from training.runs.restarts import read_restarts
from training.runs.run import Run, create_run
from training.runs.spikes import SpikeWindow

WATCH = Watch(window_steps=4, deviations=0.3)  # narrow, so that some steps of a sound run are spikes, too
HARMED_AT = 22  # the first step of the second phase, after which the weights are absurd


@dataclass
class StoppedRun:
    """A run that stopped by itself and was mended; and what stood between."""

    store: Store
    run: Run
    error: PhaselineError
    checkpoints_then: list[int]
    steps_then: list[int]
    sentences: list[str]
    mended: Run


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> StoppedRun:
    store, manifest = make_manifest(tmp_path_factory.mktemp("stopped"), recipe(second_rate=1e30))
    sentences: list[str] = []
    wandb = {"project": "tried", "mode": "offline"}
    with pytest.raises(PhaselineError) as refusal:
        train(
            store,
            manifest,
            until_step=NUM_STEPS,
            trainer=watched(2, metrics={"wandb": wandb}),
            report=sentences.append,
        )
    run = create_run(store, manifest)
    steps_then = [row["step"] for row in read_metrics(run.metrics)]
    checkpoints_then = checkpoint_steps(run)
    assert has_sound_checkpoint(run, checkpoints_then[-1])

    sound = compiled(store, recipe(second_rate=1e-3))
    amend(store, run, sound)
    state = train(store, sound, until_step=NUM_STEPS, trainer=watched(1), report=sentences.append)
    return StoppedRun(store, run, refusal.value, checkpoints_then, steps_then, sentences, state.run)


def recipe(second_rate: float) -> Recipe:
    """The small recipe with a constant rate in each phase."""
    declared = small_recipe(NUM_STEPS).model_dump(mode="json")
    first, second = declared["phases"]
    phases = [
        first | {"schedule": {"kind": "constant", "peak_lr": 3e-3}},
        second | {"schedule": {"kind": "constant", "peak_lr": second_rate}},
    ]
    return small_recipe(NUM_STEPS, phases=phases, schedule=None)


def watched(num_processes: int, **changes: Any) -> TrainerDeclaration:
    declared = on(num_processes).model_dump(mode="json")
    return TrainerDeclaration.model_validate(declared | {"watch": WATCH.model_dump()} | changes)


def test_what_is_not_finite_stops_the_run_before_a_weight_is_changed(stopped: StoppedRun) -> None:
    step = HARMED_AT + 1
    seen = trace_step(stopped.store, stopped.run, step)
    assert stopped.steps_then[-1] == HARMED_AT
    assert stopped.checkpoints_then[-1] == 21
    assert f"of step {step} is nan; training stopped before any weight was changed" in stopped.error.what
    assert f"parts of {len(seen)} documents" in stopped.error.what
    assert "train.log" in stopped.error.what
    assert "peak_lr" in stopped.error.remedy
    stop = read_stop(stopped.run, step)
    assert (stop.step, stop.phase, stop.lr, stop.grad_norm) == (step, "second", 1e30, None)
    assert documents_in(stop.samples) == documents_of(stopped.store, stopped.run, step)
    first = stop.samples[0].documents[0]
    assert f"{first.document} ({first.source})" in stopped.error.what


def test_a_mended_run_goes_on_from_its_newest_checkpoint(stopped: StoppedRun) -> None:
    rows = read_metrics(stopped.mended.metrics)
    assert [row["step"] for row in rows] == list(range(1, NUM_STEPS + 1))
    assert [row["lr"] for row in rows] == [3e-3] * 21 + [1e-3] * 15
    assert [(restart["step"], restart["num_processes"]) for restart in read_restarts(stopped.mended)] == [(21, 1)]


def test_spikes_are_recorded_with_the_documents_of_their_batch(stopped: StoppedRun) -> None:
    rows = read_metrics(stopped.mended.metrics)
    spikes = read_spikes(stopped.mended)
    assert [(spike.step, spike.expected, spike.bound) for spike in spikes] == spikes_among(rows)
    assert {spike.phase for spike in spikes} == {"first", "second"}
    for spike in spikes:
        assert documents_in(spike.samples) == documents_of(stopped.store, stopped.mended, spike.step)
        assert spike.loss == pytest.approx(mean_loss(spike))
        notes = [sentence for sentence in stopped.sentences if f"the loss of step {spike.step} is a spike" in sentence]
        assert len(notes) == 1


def spikes_among(rows: list[StepMetrics]) -> list[tuple[int, float, float]]:
    window = SpikeWindow(WATCH, [])
    bounds = [(row["step"], window.add(row)) for row in rows]
    return [(step, bound.expected, bound.most) for step, bound in bounds if bound]


def mean_loss(spike: Spike) -> float:
    return sum(sample.loss or 0 for sample in spike.samples) / len(spike.samples)


def documents_in(samples: list[BatchSample]) -> list[dict[str, Any]]:
    found = [
        {"sample": sample.sample, "window_source": sample.source, "epoch": sample.epoch, **document.model_dump()}
        for sample in samples
        for document in sample.documents
    ]
    return sorted(found, key=lambda document: (document["sample"], document["start"]))


def documents_of(store: Store, run: Run, step: int) -> list[dict[str, Any]]:
    """What trace says of a step, but for where it lies in its stream."""
    return [
        {key: value for key, value in asdict(document).items() if key not in ("window", "offset")}
        for document in trace_step(store, run, step)
    ]


def test_tensorboard_shows_every_step_once(stopped: StoppedRun) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(stopped.mended.tensorboard))
    events.Reload()
    rows = read_metrics(stopped.mended.metrics)
    for name in ("loss", "lr", "grad_norm", "data_seconds", "loss_by_source/web", "loss_by_source/math"):
        expected = {row["step"]: scalars(row)[name] for row in rows if name in scalars(row)}
        shown = {event.step: event.value for event in events.Scalars(name)}
        assert len(shown) == len(events.Scalars(name))
        assert shown == pytest.approx(expected, rel=1e-5)


def test_weights_and_biases_are_told_where_that_is_declared(stopped: StoppedRun) -> None:
    (written,) = stopped.run.folder.glob("wandb/offline-run-*/run-*.wandb")
    assert b"loss_by_source/web" in written.read_bytes()


def test_a_phase_is_compared_with_its_own_steps() -> None:
    window = SpikeWindow(Watch(window_steps=4, deviations=2.0), [])
    losses = {"first": [3.0, 3.2, 3.0, 3.2, 3.4, 3.5], "second": [9.0, 9.1, 9.1, 9.6]}
    found = {
        (phase, loss): bound
        for phase, of_phase in losses.items()
        for loss in of_phase
        if (bound := window.add({"phase": phase, "loss": loss}))
    }
    assert found.keys() == {("first", 3.4), ("second", 9.6)}
    deviation = (4 / 3) ** 0.5 * 0.1  # of 3.0, 3.2, 3.0 and 3.2, from three degrees of freedom
    assert found["first", 3.4].expected == pytest.approx(3.1)
    assert found["first", 3.4].most == pytest.approx(3.1 + 2 * deviation)


def test_a_restarted_run_finds_the_spikes_of_an_unbroken_one() -> None:
    losses = np.random.default_rng(0).normal(3.0, 0.1, 40).tolist()
    rows: list[Any] = [{"step": step, "phase": "ab"[step > 25], "loss": loss} for step, loss in enumerate(losses, 1)]
    expected = spikes_among(rows)
    assert len(expected) > 5
    for step in range(40):
        window = SpikeWindow(WATCH, rows[:step])
        later = [(row["step"], bound.expected, bound.most) for row in rows[step:] if (bound := window.add(row))]
        assert later == [spike for spike in expected if spike[0] > step]


def test_weights_that_are_not_finite_are_not_saved() -> None:
    from training.titan.watch import refuse_weights_not_finite  # isort: skip
    import torch

    parts = [torch.nn.Linear(3, 3) for _ in range(2)]
    refuse_weights_not_finite(7, parts)
    parts[1].weight.data[2, 1] = torch.inf
    with pytest.raises(PhaselineError, match="the weights after step 7 are not finite"):
        refuse_weights_not_finite(7, parts)
