"""Launching: what cannot be trained is refused with its remedy, and a failed process says why."""

from pathlib import Path

import pytest
from small_run import make_manifest, small_recipe
from trained_run import TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from training.launching.launch import train
from training.manifest import read_manifest
from training.models.batches import local_batch_size, local_batch_sizes
from training.models.presets import model_preset
from training.runs.events import parse_event
from training.runs.run import open_run


def test_a_step_beyond_the_run_is_refused(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    with pytest.raises(PhaselineError, match="has 12 steps, there is no step 13"):
        train(store, manifest, until_step=13, report=print)


def test_a_batch_that_does_not_divide_is_refused_with_the_numbers_that_do(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    with pytest.raises(PhaselineError, match="16 sequences does not divide among 3") as raised:
        train(store, manifest, until_step=12, trainer=on(3), report=print)
    assert "start 1, 2, 4, 8 or 16 of them" in raised.value.remedy
    with pytest.raises(PhaselineError, match="12 sequences does not divide among 8"):
        train(store, manifest, until_step=12, trainer=on(8), report=print)


@pytest.mark.parametrize(("global_batch_size", "num_processes", "expected"), [(16, 1, 4), (16, 2, 4), (12, 4, 3)])
def test_microbatches_divide_a_share_evenly(global_batch_size: int, num_processes: int, expected: int) -> None:
    assert local_batch_size(global_batch_size, num_processes, 5) == expected


def test_longer_sequences_are_computed_fewer_at_a_time(tmp_path: Path) -> None:
    manifest = read_manifest(make_manifest(tmp_path)[1])
    assert [phase.sequence_length for phase in manifest.phases] == [16, 32]
    assert local_batch_sizes(manifest, 1) == [8, 4]
    assert local_batch_sizes(manifest, 2) == [8, 3]
    assert local_batch_sizes(manifest, 4) == [4, 3]


def test_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(PhaselineError, match="there is no model 'gpt'") as raised:
        model_preset("gpt")
    assert "llama_3m" in raised.value.remedy


def test_a_run_that_diverges_stops_and_names_the_step(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path, small_recipe(peak_lr=1e30))
    with pytest.raises(PhaselineError, match=r"the (loss|gradient norm) of step \d is (nan|inf).*train\.log") as raised:
        train(store, manifest, until_step=12, trainer=on(1), report=print)
    assert "peak_lr" in raised.value.remedy


def test_a_failure_of_the_caller_ends_the_processes(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(store, manifest, until_step=12, trainer=on(1), report=print, on_metrics=interrupt)
    with open_run(store, "small@1").written():  # nobody holds it any more
        pass


def test_lines_of_the_log_that_are_no_events_are_passed_over(unbroken: TrainedRun) -> None:
    lines = unbroken.state.run.log.read_text().splitlines()
    events = [event for event in map(parse_event, lines) if event]
    assert [value["step"] for kind, value in events if kind == "metrics"] == list(range(1, 37))
    assert len(lines) > len(events)
