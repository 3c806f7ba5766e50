"""A plan says exactly what a manifest takes, and warns of what a person may not have meant."""

from pathlib import Path

import numpy as np
import pytest
from hand_made import HandMadePhase, hand_made, source

from pipelines.evidence import Evidence
from training.manifest import Manifest, Transition
from training.planning.cost import read_hardware
from training.planning.plan import Plan, make_plan, worth
from training.planning.plots import groups_of, plot_plan
from training.sampling.order import Order
from training.sampling.stretches import stretches


def plan_of(manifest: Manifest, **unused: int) -> Plan:
    available = {source.asset: source.num_tokens for source in manifest.sources} | unused
    evidence = [Evidence(field="phases", label="own", says="tried")]
    return make_plan(manifest, available, read_hardware(), title="Tried", evidence=evidence)


def two_phases() -> Manifest:
    """``web`` is read for less than a pass, ``wiki`` (20 windows of 16) for 0.5, then 6 passes."""
    return hand_made(
        [source("web", 16 * 1000 + 1), source("wiki", 16 * 20 + 1)],
        [
            HandMadePhase("first", 25, {"web": 90, "wiki": 10}),
            HandMadePhase("second", 40, {"web": 40, "wiki": 120}),
        ],
    )


def test_every_number_of_a_source_in_a_phase() -> None:
    first, second = plan_of(two_phases()).phases
    wiki = second.sources[1]
    assert (first.first_step, first.last_step, second.first_step, second.last_step) == (1, 25, 26, 65)
    assert (first.tokens_before, first.tokens, second.tokens_before, second.tokens) == (0, 1600, 1600, 2560)
    assert (wiki.source, wiki.share, wiki.samples, wiki.tokens) == ("wiki", 0.75, 120, 1920)
    assert (first.sources[1].epochs, wiki.epochs, wiki.epochs_so_far) == (0.5, 6.0, 6.5)
    assert (first.sources[1].seen_so_far, wiki.seen_so_far) == (160 / 321, 320 / 321)
    assert second.first_lr == pytest.approx(1e-3 - 9e-4 * (1600 + 64) / 4160)
    assert second.last_lr == 1e-4


def test_what_is_read_of_a_source_in_all() -> None:
    web, wiki = plan_of(two_phases()).sources
    assert (web.unique_tokens, web.tokens, wiki.unique_tokens, wiki.tokens) == (2080, 2080, 320, 2080)
    assert web.seen_of_stream == 2080 / 16001
    assert (web.share, wiki.share) == (0.5, 0.5)
    assert web.worth == 1.0
    assert wiki.worth == worth(6.5)


def test_a_stretch_of_shards_is_seen_in_full_and_its_shards_in_part() -> None:
    part = source("part", 16 * 50 + 1, asset="shards/web", first_token=32)
    manifest = hand_made([part], [HandMadePhase("only", 25, {"part": 100})])
    plan = make_plan(manifest, {"shards/web": 3204}, [], title="Tried")
    assert (plan.sources[0].seen_of_stream, plan.sources[0].seen_of_shards) == (800 / 801, 800 / 3204)


def test_a_run_that_starts_from_another_counts_what_that_one_read() -> None:
    qa = source("qa", 16 * 100 + 1, cursor=16 * 80)
    plan = plan_of(hand_made([qa], [HandMadePhase("only", 10, {"qa": 40})]))
    assert plan.phases[0].sources[0].epochs == 0.4
    assert plan.phases[0].sources[0].epochs_so_far == 1.2
    assert plan.sources[0].unique_tokens == 1600


@pytest.mark.parametrize(("epochs", "value"), [(0.3, 1.0), (1.0, 1.0), (4.0, 0.9316), (16.39, 0.6546)])
def test_repeats_are_worth_less(epochs: float, value: float) -> None:
    assert worth(epochs) == pytest.approx(value, abs=2e-4)


def faded() -> Manifest:
    fade = Transition(num_samples=40, incoming=[0, 2, 10, 18, 20])
    return hand_made(
        [source("a", 16 * 300 + 1), source("b", 16 * 300 + 1), source("c", 16 * 300 + 1)],
        [
            HandMadePhase("first", 50, {"a": 150, "b": 50}),
            HandMadePhase("second", 50, {"b": 100, "c": 100}, transition=fade),
        ],
    )


@pytest.mark.parametrize("manifest", [two_phases(), faded()], ids=["abrupt", "faded"])
def test_exposure_weighted_by_the_rate_equals_a_sum_over_every_sample(manifest: Manifest) -> None:
    samples = np.arange(manifest.total_samples)
    rates = np.array([manifest.lr(manifest.step_of(sample)) for sample in samples.tolist()])
    summed = np.bincount(Order(manifest).windows(samples).source, weights=rates, minlength=len(manifest.sources))
    planned = [entry.lr_weighted_share for entry in plan_of(manifest).sources]
    assert sum(planned) == pytest.approx(1)
    assert planned == pytest.approx((summed / summed.sum()).tolist(), abs=5e-3)


def test_a_sound_plan_warns_of_nothing() -> None:
    manifest = hand_made([source("web", 16 * 100 + 1)], [HandMadePhase("only", 25, {"web": 100})])
    assert plan_of(manifest).warnings == []


def test_warnings_name_repeats_unread_and_unused_data() -> None:
    repeats, unread, unused = plan_of(two_phases(), **{"shards/code": 5000}).warnings
    assert repeats.startswith("wiki is read 6.5 times")
    assert unread == "mostly unread when the run ends: web 87.0%"
    assert unused == "in no blend: shards/code (5,000 tokens)"


def test_a_source_smaller_than_its_share_of_a_batch_is_named() -> None:
    tiny = source("tiny", 16 * 2 + 1)
    manifest = hand_made([tiny, source("web", 160)], [HandMadePhase("only", 2, {"tiny": 6, "web": 2})])
    smaller, takes = plan_of(manifest).warnings[0].split(": ")
    assert smaller == "tiny is smaller than its share of a batch"
    assert takes == "a step of phase only takes 3.0 sequences of 16 tokens, and it holds 2"


def test_tokens_that_longer_sequences_skip_are_counted() -> None:
    manifest = hand_made(
        [source("web", 64 * 20 + 1, window_length=64)],
        [HandMadePhase("short", 1, {"web": 5}, batch=5), HandMadePhase("long", 15, {"web": 15}, length=64, batch=1)],
    )
    skipped = "phase long begins at whole sequences of 64 tokens, so 48 tokens are not read in that pass: web"
    assert skipped in plan_of(manifest).warnings
    assert plan_of(manifest).sources[0].unique_tokens == 5 * 16 + 15 * 64


def test_a_plan_of_trillions_of_tokens_is_exact() -> None:
    steps = 500_000
    manifest = hand_made(
        [source("web", 9_000_000_000_001, 8192), source("wiki", 4_000_000_001, 8192)],
        [HandMadePhase("only", steps, {"web": steps * 3000, "wiki": steps * 72}, length=8192, batch=3072)],
    )
    plan = plan_of(manifest)
    assert plan.total_tokens == 12_582_912_000_000
    assert sum(entry.tokens for entry in plan.sources) == plan.total_tokens
    assert plan.sources[1].epochs == steps * 72 / ((4_000_000_001 - 1) // 8192)


@pytest.mark.parametrize("manifest", [two_phases(), faded()], ids=["abrupt", "faded"])
def test_stretches_fill_the_run_and_hold_every_sample(manifest: Manifest) -> None:
    found = list(stretches(manifest))
    assert [stretch.first for stretch in found] == [0, *(stretch.end for stretch in found[:-1])]
    assert found[-1].end == manifest.total_samples
    held = sum((stretch.end - stretch.first) * np.array(stretch.shares) for stretch in found)
    assert held == pytest.approx(np.sum([phase.samples for phase in manifest.phases], axis=0))


def test_a_picture_of_very_many_sources_joins_those_of_the_same_shards(tmp_path: Path) -> None:
    names = [f"web_{bucket}[language={language}]" for bucket in ("high", "low") for language in range(30)]
    manifest = hand_made([source(name, 161) for name in names], [HandMadePhase("only", 15, dict.fromkeys(names, 1))])
    assert {name: len(members) for name, members in groups_of(manifest).items()} == {"web_high": 30, "web_low": 30}
    plot_plan(manifest, tmp_path / "plan.png")
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")
