"""Recipes compile to whole steps and exact samples, and are refused with the field and the remedy."""

from typing import Any

import numpy as np
import pytest
from declared import catalogue, fields, recipe
from pydantic import ValidationError

from pipelines.errors import PhaselineError
from training.compiler.compile import BaseRun, compile_recipe
from training.declared.recipe import Recipe
from training.sampling.order import Order

TWO_PHASES = [
    {"name": "first", "blend": {"s0": 0.5, "s1": 0.3, "s2": 0.2}, "until": {"fraction": 0.6}},
    {"name": "second", "blend": {"s0": 0.1, "s2": 0.9}},
]
LARGE = {"s0": 10**6, "s1": 10**6, "s2": 10**6}


def test_phases_are_whole_steps_and_carry_the_cursors() -> None:
    made = compile_recipe(recipe(phases=TWO_PHASES), catalogue(**LARGE)).manifest
    first, second = made.phases
    assert (first.first_step, first.num_steps, second.first_step, second.num_steps) == (0, 600, 600, 400)
    assert first.cursors == [0, 0, 0]
    assert second.cursors == [8 * count for count in first.samples]
    assert np.abs(np.array(first.samples) - [4800, 2880, 1920]).max() <= 2
    assert np.abs(np.array(second.samples) - [640, 0, 5760]).max() <= 1
    assert made.total_tokens == 1000 * 16 * 8


@pytest.mark.parametrize(
    ("until", "steps"),
    [
        ({"tokens": 64_000}, 500),
        ({"tokens": 64_050}, 500),
        ({"samples": 1600}, 100),
        ({"fraction": 0.7}, 700),
        ({"fraction_before_end": 0.2}, 800),
        ({"tokens_before_end": 12_800}, 900),
        ({"lr_below": 0.25}, 750),
    ],
)
def test_a_phase_ends_where_it_is_declared_to(until: dict[str, Any], steps: int) -> None:
    falling = {"kind": "linear", "peak_lr": 1e-3, "final_lr_ratio": 0.0}
    phases = [TWO_PHASES[0] | {"until": until}, TWO_PHASES[1]]
    made = compile_recipe(recipe(phases=phases, schedule=falling), catalogue(**LARGE)).manifest
    assert [phase.num_steps for phase in made.phases] == [steps, 1000 - steps]


def test_a_decay_begins_exactly_with_its_phase() -> None:
    schedule = {
        "kind": "wsd",
        "peak_lr": 1e-3,
        "final_lr_ratio": 0.1,
        "decay": {"from_phase": "second", "shape": "linear"},
    }
    phases = [TWO_PHASES[0] | {"until": {"fraction": 0.3337}}, TWO_PHASES[1]]
    made = compile_recipe(recipe(phases=phases, schedule=schedule), catalogue(**LARGE)).manifest
    first = made.phases[1].first_step
    assert made.lr(first - 1) == 1e-3
    assert made.lr(first) < 1e-3
    assert made.lr(made.total_steps - 1) == pytest.approx(1e-4)


def test_phases_have_lengths_batches_and_schedules_of_their_own() -> None:
    phases = [
        TWO_PHASES[0]
        | {"until": {"fraction": 0.5}, "sequence_length": 4, "schedule": {"kind": "constant", "peak_lr": 1e-3}},
        TWO_PHASES[1]
        | {"global_batch_size": 8, "schedule": {"kind": "linear", "peak_lr": 5e-4, "final_lr_ratio": 0.0}},
    ]
    made = compile_recipe(recipe(phases=phases, schedule=None), catalogue(**LARGE)).manifest
    assert made.window_length == 8
    assert [(phase.num_steps, phase.tokens_per_step) for phase in made.phases] == [(1000, 64), (1000, 64)]
    assert [made.lr(step) for step in (0, 999)] == [1e-3, 1e-3]
    assert made.lr(1499) == pytest.approx(2.5e-4)


def test_a_cap_moves_what_is_too_much_to_the_others() -> None:
    made = compile_recipe(recipe(phases=TWO_PHASES, max_epochs={"s2": 4}), catalogue(s0=10**6, s1=10**6, s2=8001))
    taken = np.sum([phase.samples for phase in made.manifest.phases], axis=0)
    assert 3999 <= taken[2] <= 4000
    assert "s2 is capped at 4 epochs" in made.notes[0]


def test_a_cap_holds_for_a_source_that_the_blend_names_by_a_group() -> None:
    groups = {"everything": {"domain": ["s0", "s2"]}, "second": {"sources": "s2"}}
    phases = [{"name": "only", "blend": {"everything": 0.5, "s1": 0.5}}]
    shards = catalogue(s0=8025, s1=10**6, s2=8025)
    for named in ("s2", "second"):
        made = compile_recipe(recipe(groups=groups, phases=phases, max_epochs={named: 2}), shards).manifest
        assert [round(times, 2) for times in epochs(made)][2] == 2


def test_a_cap_that_cannot_be_met_names_source_and_shortfall() -> None:
    only = [{"name": "only", "blend": {"s0": 1.0}}]
    with pytest.raises(
        PhaselineError, match=r"phases.only: s0 reach max_epochs and leave 95,904 of its 128,000 tokens"
    ):
        compile_recipe(recipe(phases=only, max_epochs={"s0": 4}), catalogue(s0=8025))


def test_an_arrangement_holds_the_very_same_samples() -> None:
    base = compile_recipe(recipe(phases=TWO_PHASES), catalogue(**LARGE)).manifest
    for arrangement in ([["second"], ["first"]], [["first", "second"]]):
        made = compile_recipe(recipe(phases=TWO_PHASES, arrangement=arrangement), catalogue(**LARGE)).manifest
        assert seen(made) == seen(base)
        assert made.schedule == base.schedule


def seen(manifest: Any) -> set[tuple[int, int, int]]:
    places = Order(manifest).windows(np.arange(manifest.total_samples))
    return set(zip(*(array.tolist() for array in places), strict=True))


def test_exhausted_phases_read_every_window_once_but_for_a_last_step() -> None:
    groups = {name: {"quadrant": name} for name in ("high_ppl_low_pd", "low_ppl_low_pd")}
    phases = [{"name": name, "blend": {"natural": [name]}, "until": {"exhausted": True}} for name in groups]
    declared = recipe(groups=groups, phases=phases, transition={"shape": "sigmoid", "fraction": 0.2})
    made = compile_recipe(declared, catalogue(s0=30_011, s1=9_973)).manifest
    windows = sum(source.num_windows for source in made.sources)
    assert windows - made.total_samples < 16
    assert len(seen(made)) == made.total_samples
    assert {source.name for source in made.sources} == {
        f"{shards}[quadrant={quadrant}]" for shards in ("s0", "s1") for quadrant in groups
    }


def test_a_proxy_keeps_the_epochs_and_is_nested_in_larger_ones() -> None:
    shards = catalogue(s0=100_000, s1=50_000, s2=70_000)
    large = compile_recipe(recipe(phases=TWO_PHASES), shards).manifest
    small = compile_recipe(recipe(phases=TWO_PHASES, tokens=32_000, keeps_epochs_of=128_000), shards).manifest
    for one, other in zip(epochs(small), epochs(large), strict=True):
        assert one == pytest.approx(other, rel=0.01)
    assert [source.num_tokens for source in small.sources] == [25_000, 12_500, 17_500]
    with pytest.raises(PhaselineError, match="keeps_epochs_of: 1,000 tokens are fewer than the run's 128,000"):
        compile_recipe(recipe(phases=TWO_PHASES, keeps_epochs_of=1000), shards)


def epochs(manifest: Any) -> list[float]:
    taken = np.sum([phase.samples for phase in manifest.phases], axis=0)
    return [count / source.num_windows for count, source in zip(taken.tolist(), manifest.sources, strict=True)]


def test_a_continued_run_takes_up_rate_and_cursors() -> None:
    base = compile_recipe(
        recipe(schedule={"kind": "linear", "peak_lr": 1e-3, "final_lr_ratio": 0.1}), catalogue(**LARGE)
    )
    start = BaseRun("tried@1", base.manifest, 1000)
    declared = recipe(
        name="more",
        start_from={"recipe": "tried"},
        schedule={"kind": "cosine", "peak_lr": "from_checkpoint", "final_lr_ratio": 0.01},
        phases=[
            {"name": "general", "blend": {"s0": 1.0}, "until": {"lr_below": 0.2}},
            {"name": "answers", "blend": {"s0": 0.5, "s2": 0.5}},
        ],
    )
    made = compile_recipe(declared, catalogue(**LARGE), start).manifest
    assert made.schedule.peak_lr == pytest.approx(1e-4)
    assert made.phases[1].first_step == round(0.7113 * 1000)  # recipes of arXiv:2407.07263: a fifth at 71.13 %
    assert made.phases[0].cursors == [8 * 12_000, 0]
    assert made.start is not None
    assert (made.start.manifest, made.start.step) == ("tried@1", 1000)
    unreachable = declared.model_copy(
        update={"schedule": declared.schedule.model_copy(update={"final_lr_ratio": 0.5})}  # type: ignore[union-attr]
    )
    with pytest.raises(
        PhaselineError, match=r"phases.general.until.lr_below: 0.2: the learning rate falls from 0.0001 to 5e-05"
    ):
        compile_recipe(unreachable, catalogue(**LARGE), start)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phases": [{"name": "p", "blend": {"a": 0.5, "b": 0.4}}]}, "the weights sum to 0.9"),
        ({"phases": [TWO_PHASES[1], TWO_PHASES[1]]}, "phases share a name"),
        ({"phases": [TWO_PHASES[1], TWO_PHASES[1] | {"name": "third"}]}, "phase second has no end"),
        ({"phases": [TWO_PHASES[0]]}, "phase first is the last and ends with the run"),
        ({"phases": [{"name": "p", "blend": {"a": -1, "b": 2}}]}, "greater than 0"),
        ({"phases": [TWO_PHASES[0] | {"until": {"tokens": 1, "samples": 1}}, TWO_PHASES[1]]}, "exactly one of"),
        ({"schedule": None}, "one schedule for the recipe or one for every phase"),
        ({"arrangement": [["only"], ["more"]]}, "name each of only once"),
        ({"part": {"start": 0.5, "end": 0.5}}, "before it starts"),
        ({"groups": {"all": {}}}, "chooses by nothing"),
        ({"sequence_length": -256}, "greater than 1"),
        ({"epochs": 3}, "Extra inputs"),
    ],
)
def test_a_recipe_that_does_not_hold_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(fields(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phases": [{"name": "p", "blend": {"s9": 1.0}}]}, "there is no source 's9'"),
        ({"phases": [{"name": "p", "blend": "unknown"}]}, "there is no blend 'unknown'"),
        (
            {"groups": {"g": {"bucket": "high"}}, "phases": [{"name": "p", "blend": {"g": 1.0}}]},
            "groups.g chooses no shards",
        ),
        (
            {"groups": {"g": {"sources": "s0", "quadrant": "none"}}, "phases": [{"name": "p", "blend": {"g": 1.0}}]},
            "groups.g selects no document",
        ),
        (
            {"groups": {"g": {"sources": "s0", "language": "en"}}, "phases": [{"name": "p", "blend": {"g": 1.0}}]},
            "the sizes of s0 say nothing of language",
        ),
        ({"max_epochs": {"s8": 1.0}}, "there is no source 's8'"),
        ({"sequence_length": 2_000_000, "tokens": 10**9}, "s0 holds 1000000 tokens, less than one window"),
        ({"tokens": 100}, "phases.only has no whole step"),
        (
            {"phases": [TWO_PHASES[0], TWO_PHASES[0] | {"name": "third", "until": {"fraction": 0.5}}, TWO_PHASES[1]]},
            r"phases.third has no whole step: it begins at 76,800 tokens.*ends at fraction 0.5",
        ),
        ({"phases": [TWO_PHASES[0] | {"until": {"tokens": 10**9}}, TWO_PHASES[1]]}, "phases.first ends at 1,000,000"),
        (
            {"phases": [TWO_PHASES[0] | {"sequence_length": 5}, TWO_PHASES[1]]},
            "sequence_length: 5 does not divide 8",
        ),
        (
            {"phases": [TWO_PHASES[0] | {"until": {"lr_below": 0.5}}, TWO_PHASES[1]]},
            "phases.first.until.lr_below: 0.5",
        ),
        ({"phases": TWO_PHASES, "transition": {"shape": "linear", "fraction": 0.9}}, "do not fit into phase second"),
        ({"schedule": {"kind": "constant", "peak_lr": "from_checkpoint"}}, "the recipe starts from no run"),
        (
            {"phases": [TWO_PHASES[0] | {"until": {"exhausted": True}}, TWO_PHASES[1]]},
            "phases.first.blend: a phase that exhausts its sources takes them as they are",
        ),
        ({"licences": ["MIT"]}, "the sizes of s0 say nothing of licence"),
    ],
)
def test_a_recipe_that_does_not_fit_the_shards_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PhaselineError, match=message) as refused:
        compile_recipe(recipe(**changes), catalogue(**LARGE))
    assert "recipe tried" in refused.value.what
    assert refused.value.remedy


def test_a_source_below_a_window_is_left_out_of_its_group_and_named() -> None:
    groups = {"everything": {"domain": ["s0", "s1", "s2"]}}
    phases = [{"name": "only", "blend": {"everything": 1.0}}]
    made = compile_recipe(recipe(groups=groups, phases=phases), catalogue(s0=1000, s1=8, s2=500))
    assert [source.name for source in made.manifest.sources] == ["s0", "s2"]
    assert made.notes == ["s1 holds 8 tokens, less than a window: left out"]
    with pytest.raises(PhaselineError, match="s1 holds 8 tokens, less than one window"):
        compile_recipe(recipe(), catalogue(s0=1000, s1=8))
