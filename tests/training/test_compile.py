"""Recipes compile to whole steps and samples, and are refused with the field and the remedy."""

from pathlib import Path

import numpy as np
import pytest
from manifests import manifest, recipe
from pydantic import ValidationError

from pipelines.errors import PhaselineError
from training.compile import compile_phases
from training.recipe import Recipe, read_recipes, select

RECIPES = Path(__file__).parents[2] / "training/recipes"


def test_phases_are_whole_steps_and_carry_the_cursors() -> None:
    made = manifest(
        recipe(steps=1000, batch=16, length=8, phases=[(0.6, [0.5, 0.3, 0.2]), (0.4, [0.1, 0.0, 0.9])]), [70, 33, 100]
    )
    first, second = made.phases
    assert (first.first_step, first.num_steps, second.first_step, second.num_steps) == (0, 600, 600, 400)
    assert first.cursors == [0, 0, 0]
    assert second.cursors == first.samples
    assert sum(first.samples) == 600 * 16
    assert sum(second.samples) == 400 * 16
    assert np.abs(np.array(first.samples) - [4800, 2880, 1920]).max() <= 2
    assert np.abs(np.array(second.samples) - [640, 0, 5760]).max() <= 2
    assert second.samples[1] == 0
    assert made.total_tokens == 1000 * 16 * 8


def test_the_rate_rises_stays_and_falls_as_declared() -> None:
    schedule = manifest(recipe(steps=100, batch=1, length=8, phases=[(1.0, [1.0])]), [10]).schedule
    rates = [schedule.lr(step) for step in range(100)]
    assert rates[:10] == pytest.approx([1e-3 * (step + 1) / 10 for step in range(10)])
    assert rates[10:60] == [1e-3] * 50
    assert rates[60:] == pytest.approx([1e-3 - 0.9e-3 * (step + 1) / 40 for step in range(40)])


@pytest.mark.parametrize(
    ("shape", "halfway"), [("linear", 0.55e-3), ("cosine", 0.55e-3), ("one_minus_sqrt", 1e-4 + 9e-4 * (1 - 0.5**0.5))]
)
def test_decay_shapes_at_half_their_way(shape: str, halfway: float) -> None:
    declared = {
        "kind": "wsd",
        "peak_lr": 1e-3,
        "final_lr_ratio": 0.1,
        "warmup_fraction": 0,
        "decay_fraction": 1,
        "decay_shape": shape,
    }
    schedule = manifest(recipe(steps=100, batch=1, length=8, phases=[(1.0, [1.0])], schedule=declared), [10]).schedule
    assert schedule.lr(49) == pytest.approx(halfway)
    assert schedule.lr(99) == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phases": [{"name": "p", "fraction": 1, "blend": {"a": 0.5, "b": 0.4}}]}, "the weights sum to 0.9"),
        ({"phases": [{"name": "p", "fraction": 0.9, "blend": {"a": 1}}]}, "fractions sum to 0.9"),
        ({"phases": [{"name": "p", "fraction": 0.5, "blend": {"a": 1}}] * 2}, "phases share a name"),
        ({"phases": [{"name": "p", "fraction": 1, "blend": {"a": -1, "b": 2}}]}, "greater than 0"),
        ({"sequence_length": -256}, "greater than 1"),
        ({"epochs": 3}, "Extra inputs"),
    ],
)
def test_a_recipe_that_does_not_hold_is_refused(changes: dict, message: str) -> None:
    sound = recipe(steps=10, batch=1, length=8, phases=[(1.0, [1.0])]).model_dump()
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(sound | changes)


def test_a_phase_without_a_whole_step_is_refused() -> None:
    declared = recipe(steps=10, batch=16, length=8, phases=[(0.99, [1.0]), (0.01, [1.0])])
    with pytest.raises(PhaselineError, match=r"phases.p1 has no whole step: a step takes 128 tokens"):
        compile_phases(declared, ["s0"], 10)


def test_a_weight_that_rounds_to_nothing_is_refused() -> None:
    declared = recipe(steps=10, batch=16, length=8, phases=[(1.0, [0.9999, 0.0001])])
    with pytest.raises(PhaselineError, match=r"phases.p0.blend.s1: 0.0001 is less than a sample in 4096"):
        compile_phases(declared, ["s0", "s1"], 10)


def test_a_selection_names_a_recipe_and_its_phases() -> None:
    recipes = read_recipes(RECIPES)
    assert select(recipes, "two_phase")[1] == ["diverse", "quality"]
    assert select(recipes, "two_phase:quality,diverse")[1] == ["diverse", "quality"]
    assert select(recipes, "two_phase:diverse")[1] == ["diverse"]
    with pytest.raises(PhaselineError, match="no recipe 'two_phases'") as unknown:
        select(recipes, "two_phases")
    assert "two_phase" in unknown.value.remedy
    with pytest.raises(PhaselineError, match="no phase 'late'") as unknown:
        select(recipes, "two_phase:late")
    assert unknown.value.remedy == "name one of: diverse, quality"


def test_every_number_of_a_paper_in_a_preset_has_its_evidence() -> None:
    for declared in read_recipes(RECIPES).values():
        labelled = {evidence.field for evidence in declared.evidence}
        assert declared.paper is None or {"phases.fraction", "phases.blend"} <= labelled
