"""Recipes as files: their arms, what they start from, and how they are chosen."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from declared import fields

from pipelines.errors import PhaselineError
from training.declared.recipes import read_recipes, select

PHASES = [{"name": "a", "blend": {"s0": 1.0}, "until": {"fraction": 0.5}}, {"name": "b", "blend": {"s1": 1.0}}]


def write(folder: Path, name: str, **changes: Any) -> None:
    declared = fields(name=name, phases=PHASES) | changes
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(declared))


def test_arms_change_fields_by_path(tmp_path: Path) -> None:
    arms = {
        "late": {"phases.a.until": {"fraction": 0.9}, "schedule.peak_lr": 2e-3},
        "reversed": {"arrangement": [["b"], ["a"]]},
        "mixed": {"arrangement": [["a", "b"]]},
        "order": "every_order",
    }
    write(tmp_path, "tried", arms=arms)
    recipes = read_recipes(tmp_path)
    names = ["tried_late", "tried_reversed", "tried_mixed", "tried_order_12", "tried_order_21"]
    assert sorted(recipes) == sorted(["tried", *names])
    late = recipes["tried_late"]
    assert late.phases[0].until is not None
    assert late.phases[0].until.fraction == 0.9
    assert late.schedule is not None
    assert late.schedule.peak_lr == 2e-3
    assert recipes["tried_order_21"].arrangement == [["b"], ["a"]]
    assert not late.arms


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ({"phases.c.until": {"fraction": 0.9}}, r"tried.yaml: arms.wrong: phases.c.until: there is no c"),
        ({"phases.a.until": {"fraction": 9}}, r"arms.wrong: phases.0.until.fraction: .*less than 1"),
        ({"tokens": -1}, "arms.wrong: tokens: .*greater than 0"),
    ],
)
def test_an_arm_that_does_not_fit_is_refused(tmp_path: Path, arm: dict[str, Any], message: str) -> None:
    write(tmp_path, "tried", arms={"wrong": arm})
    with pytest.raises(PhaselineError, match=message):
        read_recipes(tmp_path)


def test_starts_that_lead_nowhere_or_in_a_circle_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "one", start_from={"recipe": "two"})
    with pytest.raises(PhaselineError, match=r"one: start_from.recipe: there is no recipe 'two'"):
        read_recipes(tmp_path)
    write(tmp_path, "two", start_from={"recipe": "one", "phase": "c"})
    with pytest.raises(PhaselineError, match=r"two: start_from.phase: one has no phase 'c'|start from each other"):
        read_recipes(tmp_path)
    write(tmp_path, "two", start_from={"recipe": "one"})
    with pytest.raises(PhaselineError, match="recipes start from each other: one → two → one"):
        read_recipes(tmp_path)


def test_a_recipe_is_named_as_its_file(tmp_path: Path) -> None:
    write(tmp_path, "tried")
    (tmp_path / "tried.yaml").rename(tmp_path / "other.yaml")
    with pytest.raises(PhaselineError, match=r"other\.yaml: name: tried"):
        read_recipes(tmp_path)


def test_a_selection_names_a_recipe_and_its_phases(tmp_path: Path) -> None:
    write(tmp_path, "tried", arms={"mixed": {"arrangement": [["a", "b"]]}})
    recipes = read_recipes(tmp_path)
    assert select(recipes, "tried")[1] == ["a", "b"]
    assert select(recipes, "tried:b,a")[1] == ["a", "b"]
    assert select(recipes, "tried:a")[1] == ["a"]
    assert select(recipes, "tried_mixed")[1] == ["a_and_b"]
    with pytest.raises(PhaselineError, match="no recipe 'tired'") as unknown:
        select(recipes, "tired")
    assert "tried" in unknown.value.remedy
    with pytest.raises(PhaselineError, match="no phase 'late'") as unknown:
        select(recipes, "tried:late")
    assert unknown.value.remedy == "name one of: a, b"
