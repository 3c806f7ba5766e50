"""FLOPs by a published formula, hours by rates that say where they come from."""

import json
from pathlib import Path

import pytest
from hand_made import HandMadePhase, hand_made, source

from pipelines.errors import PhaselineError
from pipelines.record import Record, content_digest, provenance, write_record
from training.manifest import Manifest
from training.models.presets import llama, qwen
from training.planning.cost import RunRate, cost_of, flops_per_token, rate_of_earlier_run, read_hardware


def manifest(model: str = "llama_test", steps: int = 10) -> Manifest:
    return hand_made([source("web", 10_001)], [HandMadePhase("only", steps, {"web": 4 * steps})], model=model)


def test_flops_of_a_token_counted_by_hand() -> None:
    shape = llama(64, 2, 4, 2, hidden_dim=128)
    layers = 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128 + 2 * 64)
    assert flops_per_token(shape, 512, 16) == 6 * (layers + 64 + 512 * 64) + 12 * 2 * 64 * 16


def test_a_tied_embedding_multiplies_and_attention_is_as_wide_as_its_heads() -> None:
    """Heads of 32 where the width has 16 for each, and a norm of queries and of keys."""
    shape = qwen(64, 2, 4, 2, head_dim=32, hidden_dim=128)
    layers = 2 * (2 * 64 * 128 + 2 * 64 * 64 + 3 * 64 * 128 + 2 * 64 + 2 * 32)
    assert flops_per_token(shape, 512, 16) == 6 * (layers + 64 + 512 * 64) + 12 * 2 * 128 * 16


def test_the_published_speed_of_llama_3_8b_is_its_published_utilisation() -> None:
    """torchtitan's benchmark on 8 H100: 5,762 tokens/s on each in sequences of 8,192, 33 % of the peak."""
    shape = llama(4096, 32, 32, 8, hidden_dim=14_336)
    assert shape.num_parameters(128_256) == 8_030_261_248
    assert 5762 * flops_per_token(shape, 128_256, 8192) / 989e12 == pytest.approx(0.33, abs=0.01)


def test_each_phase_costs_by_its_own_sequence_length() -> None:
    phases = [HandMadePhase("short", 16, {"web": 64}), HandMadePhase("long", 16, {"web": 16}, length=64, batch=1)]
    cost = cost_of(hand_made([source("web", 10_001, 64)], phases), [])
    attention = 12 * 2 * 64 * 48 * 1024
    assert cost.flops_of_phases["long"] - cost.flops_of_phases["short"] == attention
    assert cost.flops == sum(cost.flops_of_phases.values())


def test_hours_of_the_model_that_was_measured() -> None:
    lengths = {"length": 256, "batch": 16}
    small = hand_made(
        [source("web", 10_000_001, 256)],
        [HandMadePhase("only", 1000, {"web": 16_000}, **lengths)],
        model="llama_3m",
        tokenizer=manifest().tokenizer.model_copy(update={"vocab_size": 8192}),
    )
    (cores,) = cost_of(small, read_hardware()).hours
    assert (cores.hardware, cores.label) == ("2 CPU cores", "own")
    assert cores.least == cores.most == pytest.approx(1000 * 16 * 256 / 7700 / 3600)


def test_hardware_is_shown_only_for_models_that_its_rate_is_known_for() -> None:
    hours = cost_of(manifest("llama_100m"), read_hardware()).hours
    assert [(entry.hardware, entry.label) for entry in hours] == [("2 CPU cores", "derived"), ("4 H100 SXM", "derived")]
    reached = 4 * 0.227 * 989e12
    assert hours[1].least == pytest.approx(cost_of(manifest("llama_100m"), []).flops / reached / 3600)


def test_an_earlier_run_of_the_model_comes_first() -> None:
    first, second = cost_of(manifest(), read_hardware(), RunRate(run="tried@1", tokens_per_second=64.0)).hours
    assert (first.hardware, first.label, first.least) == ("as tried@1", "own", 10 / 3600)
    assert second.label == "derived"


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(PhaselineError, match="llama_900t"):
        cost_of(manifest("llama_900t"), [])


def begin_run(home: Path, model: str, rates: list[float], cut: str = "") -> None:
    """What a run leaves that its rate is read from: the record of its first checkpoint, and metrics."""
    folder = home / "runs" / f"{model}@1"
    checkpoint = folder / "checkpoints" / "step-0"
    checkpoint.mkdir(parents=True)
    record = Record(
        asset=f"checkpoints/{model}@1",
        version=0,
        digest=content_digest([]),
        code_version="1",
        parameters={"model": model},
        parents=[],
        flows={},
        files=[],
        checks=[],
        facts={},
        provenance=provenance(0.0),
    )
    write_record(checkpoint, record)
    lines = [json.dumps({"step": step, "tokens_per_second": rate}) + "\n" for step, rate in enumerate(rates)]
    (folder / "metrics.jsonl").write_text("".join(lines) + cut)


def test_the_rate_of_an_earlier_run_is_that_of_its_last_steps(tmp_path: Path) -> None:
    assert rate_of_earlier_run(tmp_path, "llama_test") is None
    begin_run(tmp_path, "llama_3m", [500.0])
    begin_run(tmp_path, "llama_test", [1.0] * 10_000 + [100.0] * 3000, cut='{"step": 13000, "tok')
    assert rate_of_earlier_run(tmp_path, "llama_test") == RunRate(run="llama_test@1", tokens_per_second=100.0)


def test_a_run_that_has_not_begun_says_nothing(tmp_path: Path) -> None:
    begin_run(tmp_path, "llama_test", [])
    assert rate_of_earlier_run(tmp_path, "llama_test") is None
