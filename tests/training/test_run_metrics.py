"""What is measured at a step, how it is kept, and how it is shown."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_streams import MadeStreams, made_streams

from training.runs.curves import mean_curve, source_curves
from training.runs.metrics import Measured, StepMetrics, losses_by_phase, read_metrics, scalars, step_metrics
from training.runs.progress import Progress
from training.runs.rows import append_row
from training.sampling.order import Order


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeStreams:
    return made_streams(tmp_path_factory.mktemp("home"))


def metrics_of(made: MadeStreams, step: int, losses: list[float], **times: float) -> StepMetrics:
    """The metrics of a step whose sequences have these mean losses."""
    length = made.manifest.phase_at(step - 1).sequence_length
    measured = Measured(np.array(losses) * length, 0.5)
    return step_metrics(Order(made.manifest), step, measured, times.get("seconds", 2.0), times.get("data_seconds", 0.0))


@pytest.mark.parametrize("step", [1, 12, 13, 18])
def test_losses_are_told_apart_by_source(made: MadeStreams, step: int) -> None:
    samples = list(range(made.manifest.samples_done(step - 1), made.manifest.samples_done(step)))
    losses = np.random.default_rng(step).uniform(1, 9, len(samples)).tolist()
    metrics = metrics_of(made, step, losses)
    sources, _ = made.windows(samples)
    length = made.manifest.phase_at(step - 1).sequence_length
    for number, source in enumerate(made.manifest.sources):
        of_source = [loss for loss, taken_of in zip(losses, sources, strict=True) if taken_of == number]
        if of_source:
            shown = metrics["loss_by_source"][source.name]
            assert shown["loss"] == pytest.approx(sum(of_source) / len(of_source), abs=1e-5)
            assert shown["tokens"] == len(of_source) * length
        else:
            assert source.name not in metrics["loss_by_source"]
    assert metrics["loss"] == pytest.approx(sum(losses) / len(losses))
    assert metrics["tokens_per_second"] == len(samples) * length / 2.0


def test_losses_at_the_end_of_each_phase_are_means_over_tokens(made: MadeStreams) -> None:
    rows = [metrics_of(made, step, [float(step)] * (8 if step <= 12 else 4)) for step in range(1, 19)]
    for phase, losses in losses_by_phase(rows, last_share=0.5).items():
        last = [row for row in rows if row["phase"] == phase][-(6 if phase == "short" else 3) :]
        for source, loss in losses.items():
            parts = [row["loss_by_source"][source] for row in last if source in row["loss_by_source"]]
            tokens = sum(part["tokens"] for part in parts)
            assert loss == pytest.approx(sum(part["loss"] * part["tokens"] for part in parts) / tokens)


def test_figures_have_a_name_each(made: MadeStreams) -> None:
    metrics = metrics_of(made, 3, [2.0] * 8)
    named = scalars(metrics)
    assert named["loss"] == 2.0
    assert {name for name in named if name.startswith("loss_by_source/")} == {
        f"loss_by_source/{source}" for source in metrics["loss_by_source"]
    }
    assert all(isinstance(value, int | float) for value in named.values())


def test_a_line_that_is_still_being_written_is_no_row(made: MadeStreams, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_metrics(path) == []
    rows = [metrics_of(made, step, [2.5] * 8) for step in (1, 2)]
    for row in rows:
        append_row(path, row)
    with path.open("a") as file:
        file.write('{"step": 3, "loss"')
    assert read_metrics(path) == rows


def progress_of(made: MadeStreams, until_step: int, *rows: Any) -> list[str]:
    sentences: list[str] = []
    progress = Progress(made.manifest, until_step, sentences.append)
    for row in rows:
        progress.step(row)
    return sentences


def test_progress_says_where_a_run_is(made: MadeStreams) -> None:
    (sentence,) = progress_of(made, 18, metrics_of(made, 13, [3.25] * 4))
    rate = f"{made.manifest.lr(12):.2e}"
    assert sentence == f"step 13/18 · long · loss 3.250 · lr {rate} · 96 tokens/s · 0 min 10 s left"


def test_progress_tells_of_a_target_of_waiting_and_of_mfu_where_there_are_such(made: MadeStreams) -> None:
    first = metrics_of(made, 1, [3.0] * 8, seconds=9.0, data_seconds=8.0)
    last = metrics_of(made, 2, [3.0] * 8, seconds=9.0, data_seconds=8.0) | {"mfu": 0.4321}
    one, two = progress_of(made, 2, first, last)
    assert "waiting" not in one
    assert one.endswith("left to step 2")
    assert "% waiting for data" in two
    assert "MFU 43.2%" in two


def test_curves_are_means_over_equal_stretches() -> None:
    steps = np.arange(11, 31)
    values = np.arange(20.0)
    weights = np.where(steps < 21, 1.0, 3.0)
    curve = mean_curve(steps, values, weights, most_points=5)
    assert curve.steps.tolist() == [12.5, 16.5, 21.0, 24.5, 28.5]
    assert curve.values.tolist() == [1.5, 5.5, 10.0, 13.5, 17.5]


def test_curves_of_sources_that_are_drawn_as_one_are_means_over_their_tokens(made: MadeStreams) -> None:
    rows = [metrics_of(made, step, np.linspace(1, 4, 8).tolist()) for step in range(1, 13)]
    curves = source_curves(rows, {"both": ["web", "code"], "never": ["absent"]}, most_points=1)
    parts = [row["loss_by_source"][name] for row in rows for name in ("web", "code") if name in row["loss_by_source"]]
    tokens = sum(part["tokens"] for part in parts)
    assert curves.keys() == {"both"}
    assert curves["both"].values == pytest.approx(sum(part["loss"] * part["tokens"] for part in parts) / tokens)
