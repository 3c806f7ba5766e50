"""Launching: what cannot be trained is refused with its remedy, and a failed process says why."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from small_run import compiled, make_manifest, small_recipe
from trained_run import NUM_STEPS, TrainedRun
from trainers import on

from pipelines.errors import PhaselineError
from training.declared.trainer import TrainerDeclaration
from training.launching.dry_run import dry_run, planned_run
from training.launching.launch import train
from training.manifest import read_manifest
from training.models.batches import local_batch_size, local_batch_sizes
from training.models.presets import model_preset
from training.runs.events import parse_event
from training.runs.metrics import StepMetrics, read_metrics
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


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('phaseline {"note": "read {a}"}\n', ("note", "read {a}")),
        ('W1122 12:00 torchrun phaseline {"stopped": 7}W1122 12:00 torchrun\n', ("stopped", 7)),
        ('phaseline {"note": "to W1122 12:00 torchrun\n', None),
        ("phaseline train two_phase\n", None),
    ],
)
def test_events_are_found_among_what_other_processes_print(line: str, event: Any) -> None:
    assert parse_event(line) == event


def test_two_runs_at_once_are_as_they_are_alone(unbroken: TrainedRun, tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path, small_recipe(NUM_STEPS))
    twin = compiled(store, small_recipe(NUM_STEPS, name="twin"))
    with ThreadPoolExecutor(2) as pool:
        training = [
            pool.submit(train, store, artifact, until_step=NUM_STEPS, trainer=on(2), report=print)
            for artifact in (manifest, twin)
        ]
        states = [future.result() for future in training]
    assert [state.run.name for state in states] == ["small@1", "twin@1"]
    for state in states:
        assert measured(read_metrics(state.run.metrics)) == measured(unbroken.metrics)


def measured(rows: list[StepMetrics]) -> list[tuple[float, float, float]]:
    return [(row["loss"], row["grad_norm"], row["lr"]) for row in rows]


def test_a_dry_run_shows_the_command_and_does_nothing(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    *about, shown = dry_run(store, planned_run(store, manifest), on(2))
    assert f"training.titan small@1 --home={tmp_path} --until-step=7 " in shown
    assert "--standalone --local-addr=localhost --nproc-per-node=2" in shown
    assert "  phase second: 12 sequences of 32 tokens, in 2 shares of 6, 3 at a time" in about
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_says_what_is_in_the_way(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    lines = list(dry_run(store, planned_run(store, manifest), on(3)))
    assert any(line.startswith("in the way: a batch of 16 sequences does not divide among 3") for line in lines)
    assert "--nproc-per-node=3" in lines[-1]


def commented_examples() -> Iterator[str]:
    """The examples in the trainer's file, uncommented."""
    comments = [
        line.removeprefix("#") for line in Path("assets/trainer.yaml").read_text().splitlines() if line[:1] == "#"
    ]
    paragraphs = "\n".join(line.removeprefix(" ") for line in comments).split("\n\n")
    yield from paragraphs[1:]


def test_the_examples_in_the_trainers_file_are_valid() -> None:
    examples = [TrainerDeclaration.model_validate(yaml.safe_load(text)) for text in commented_examples()]
    assert [example.launch.kind for example in examples] == ["local", "torchrun", "slurm", "local"]


@pytest.mark.parametrize(
    ("launch", "fault"),
    [
        ({"kind": "ray"}, "Input tag 'ray'"),
        ({"kind": "torchrun", "hosts": ["a"], "min_hosts": 2}, "min_hosts is 2, and there are 1 hosts"),
        ({"kind": "slurm", "partition": "gpu", "gpus_per_node": 4, "processes_per_node": 8}, "8 processes on a node"),
    ],
)
def test_launches_that_cannot_be_are_refused(launch: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        TrainerDeclaration.model_validate({"launch": launch})
